"""Write the Postman collection to standard output: python -m todo_api.postman."""

import sys

from todo_api import postman
from todo_api.resources import json_text

sys.stdout.buffer.write(json_text.render(postman.collection()))
