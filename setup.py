"""What the package needs. requirements.txt pins what it is tested with."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "todo_api/__init__.py").read_text())[1]

setup(
    name="todo-api",
    version=VERSION,
    description="A to-do and shopping-list backend for REST clients, in one command",
    long_description=(HERE / "README.rst").read_text(encoding="utf-8"),
    long_description_content_type="text/x-rst",
    license="MIT",
    python_requires=">=3.11",
    packages=find_packages(include=["todo_api", "todo_api.*"]),
    package_data={
        "todo_api": ["py.typed", "web/*", "web/docs/*", "web/views/*", "migrations/script.py.mako"]
    },
    install_requires=[
        "alembic>=1.20,<2",
        "apispec>=6.10,<7",
        "Brotli>=1.2.1,<2",
        "click>=8.5,<9",
        "Flask>=3.1.3,<3.2",
        "flask-cors>=6.0.5,<7",
        "Flask-RESTful>=0.3.10,<0.4",
        "flask-swagger-ui>=5.34,<6",
        "granian>=2.8.7,<2.9",
        "httpx2>=2.16,<3",
        "icalendar>=7.3,<8",
        "iso4217>=1.16",
        "marshmallow>=4.4,<5",
        "orjson>=3.13,<4",
        "prometheus-client>=0.26,<1",
        "psycopg[binary]>=3.3,<4",
        "PyNaCl>=1.6.2,<2",
        "SQLAlchemy>=2.1.9,<2.2",
        "tzdata>=2026.1",
        "Werkzeug>=3.1.6,<3.2",
    ],
    extras_require={
        "opentelemetry": [
            "opentelemetry-exporter-otlp-proto-http>=1.45,<2",
            "opentelemetry-sdk>=1.45,<2",
        ],
    },
    entry_points={
        "console_scripts": ["todo-api = todo_api.__main__:main"],
        "pytest11": ["todo_api = todo_api.pytest_plugin"],
    },
)
