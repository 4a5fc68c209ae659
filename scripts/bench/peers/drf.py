"""Django REST framework with Django's ORM, in one file, on gunicorn with threads."""

import hashlib
import os
from datetime import UTC, datetime
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import models, transaction
from django.urls import path

URL = os.environ["DATABASE_URL"]
PLACE = urlsplit(URL)
SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": URL.removeprefix("sqlite:///"),
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA synchronous = FULL",
    },
}
POSTGRESQL = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": PLACE.path.lstrip("/"),
    "USER": PLACE.username,
    "HOST": PLACE.hostname,
    "PORT": PLACE.port,
}
settings.configure(
    ALLOWED_HOSTS=["*"],
    APPEND_SLASH=False,
    DATABASES={
        "default": {
            **(SQLITE if URL.startswith("sqlite") else POSTGRESQL),
            "CONN_MAX_AGE": None,
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    REST_FRAMEWORK={
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
    },
    ROOT_URLCONF=__name__,
    TIME_ZONE="UTC",
    USE_TZ=True,
)
django.setup()

from rest_framework import exceptions, generics, serializers  # noqa: E402 - Only now has it settings.
from rest_framework.authentication import BaseAuthentication  # noqa: E402 - So here.
from rest_framework.decorators import api_view  # noqa: E402 - And here.
from rest_framework.permissions import BasePermission  # noqa: E402 - And here.
from rest_framework.response import Response  # noqa: E402 - And here.


class Account(models.Model):
    """Somebody."""

    username = models.CharField(max_length=64, unique=True)
    is_authenticated = True

    class Meta:
        app_label = "bench"
        db_table = "account"


class Token(models.Model):
    """What proves who somebody is."""

    digest = models.CharField(max_length=64, primary_key=True)
    account = models.ForeignKey(Account, models.CASCADE)

    class Meta:
        app_label = "bench"
        db_table = "token"


class ItemPrice(models.Model):
    """What something costs."""

    name = models.CharField(max_length=255, primary_key=True)
    price = models.FloatField()
    currency = models.CharField(max_length=3)

    class Meta:
        app_label = "bench"
        db_table = "item_price"


class Task(models.Model):
    """Something to do."""

    account = models.ForeignKey(Account, models.CASCADE)
    name = models.CharField(max_length=255)
    note = models.TextField(null=True)
    creation_date = models.DateTimeField(auto_now_add=True)
    due_date = models.DateTimeField(null=True)
    completed_date = models.DateTimeField(null=True)
    item = models.CharField(max_length=255, null=True)
    quantity = models.FloatField(default=1)
    paid_amount = models.FloatField(null=True)
    paid_currency = models.CharField(max_length=3, null=True)
    revision = models.IntegerField(default=1)

    class Meta:
        app_label = "bench"
        db_table = "task"

    @property
    def completed(self):
        """Whether it is done."""
        return self.completed_date is not None

    @property
    def paid(self):
        """What it has cost."""
        if self.paid_amount is None:
            return None
        return {"amount": self.paid_amount, "currency": self.paid_currency}


class AmountSerializer(serializers.Serializer):
    """A sum of money."""

    amount = serializers.FloatField()
    currency = serializers.CharField()


class TaskSerializer(serializers.ModelSerializer):
    """A task, coming in and going out."""

    completed = serializers.BooleanField(required=False)
    paid = AmountSerializer(read_only=True)

    class Meta:
        model = Task
        fields = [
            "id",
            "name",
            "note",
            "creation_date",
            "due_date",
            "completed",
            "completed_date",
            "item",
            "quantity",
            "paid",
            "revision",
        ]
        read_only_fields = ["creation_date", "completed_date", "revision"]

    def update(self, task, changes):
        """Tick a task or take that back; what its item costs by then is what was paid."""
        done = changes["completed"]
        price = ItemPrice.objects.filter(name=task.item).first() if done else None
        task.completed_date = datetime.now(UTC) if done else None
        task.paid_amount = price.price * task.quantity if price else None
        task.paid_currency = price.currency if price else None
        task.revision += 1
        task.save()
        return task


class TokenAuthentication(BaseAuthentication):
    """Finds the account that a token belongs to."""

    def authenticate(self, request):
        """Return the account and the token."""
        secret = request.headers.get("Authorization", "").removeprefix("Bearer ")
        digest = hashlib.sha256(secret.encode()).hexdigest()
        token = Token.objects.select_related("account").filter(digest=digest).first()
        if token is None:
            raise exceptions.AuthenticationFailed
        return token.account, token

    def authenticate_header(self, _request):
        """Say how to log in."""
        return "Bearer"


class IsOwner(BasePermission):
    """Lets an account at its own tasks."""

    def has_permission(self, request, view):
        """Return whether it is its own URL."""
        return request.user.username == view.kwargs["username"]


class OfAccount:
    """What both views of tasks share."""

    serializer_class = TaskSerializer
    authentication_classes = [TokenAuthentication]
    permission_classes = [IsOwner]

    def get_queryset(self):
        """Return the account's tasks."""
        return Task.objects.filter(account=self.request.user)


class Tasks(OfAccount, generics.ListCreateAPIView):
    """All tasks of an account."""

    def list(self, request, username):
        """List a page of tasks."""
        limit = int(request.query_params.get("limit", 50))
        after = int(request.query_params.get("after", 0))
        found = list(self.get_queryset().filter(id__gt=after).order_by("id")[: limit + 1])
        following = None
        if len(found) > limit:
            following = f"{request.path}?limit={limit}&after={found[limit - 1].id}"
        page = self.get_serializer(found[:limit], many=True).data
        return Response({"username": username, "tasks": page, "next": following})

    def perform_create(self, serializer):
        """Create a task."""
        serializer.save(account=self.request.user)


class OneTask(OfAccount, generics.RetrieveUpdateAPIView):
    """One task of an account."""

    @transaction.atomic
    def patch(self, request, *args, **kwargs):
        """Change it in one transaction."""
        return self.partial_update(request, *args, **kwargs)


@api_view()
def item_price(request):
    """Tell what an item costs."""
    name = request.query_params["itemname"]
    price = ItemPrice.objects.filter(name=name).first()
    return Response({"name": name, "price": price.price if price else 0})


@api_view()
def total_sum(request):
    """Add two numbers."""
    first, second = (float(request.query_params[f"number{number}"]) for number in (1, 2))
    return Response({"number1": first, "number2": second, "total_sum": first + second})


@api_view()
def echo(_request, text):
    """Say it again."""
    return Response({"echo": f"{text} {text}"})


urlpatterns = [
    path("api/v1/accounts/<username>/tasks", Tasks.as_view()),
    path("api/v1/accounts/<username>/tasks/<int:pk>", OneTask.as_view()),
    path("itemprice", item_price),
    path("sum", total_sum),
    path("echo/<path:text>", echo),
]
app = get_wsgi_application()
