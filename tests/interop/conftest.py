import os
from contextlib import closing

import django
import pytest
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
django.setup()

import jwt  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402

from phonekey import Phonekey  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def database():
    setup_test_environment()
    call_command("migrate", run_syncdb=True, verbosity=0)


@pytest.fixture(scope="session")
def secret():
    return os.environ["JWT_SECRET"]


@pytest.fixture(scope="session")
def decode(secret):
    """PyJWT's whole check, with nothing switched off."""
    return lambda token: jwt.decode(str(token), secret, algorithms=["HS256"])


@pytest.fixture(scope="session")
def phonekey():
    with closing(Phonekey(os.environ["BASE_URL"], os.environ["OUTBOX"])) as client:
        yield client


@pytest.fixture
def tokens(phonekey):
    return phonekey.log_in()


@pytest.fixture
def person(tokens, decode):
    """The back end's user for `tokens`."""
    user_id = decode(tokens.access)["user_id"]
    return get_user_model().objects.create_user(f"user_{user_id}", id=user_id)


@pytest.fixture
def call():
    """Calls a view of the back end with a token."""
    return lambda view, token, scheme="Bearer": APIClient().get(
        f"/{view}/", headers={"authorization": f"{scheme} {token}"}
    )
