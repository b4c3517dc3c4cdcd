"""A back end accepts phonekey's access tokens, and nothing that only looks like one."""

import time

import jwt
import pytest

VIEWS = ["whoami", "whoami-by-token-alone"]
every_view = pytest.mark.parametrize("view", VIEWS)


def accepted(response, user_id):
    return response.status_code == 200 and response.json() == {"id": user_id}


@every_view
@pytest.mark.parametrize("scheme", ["Bearer", "Token"])
def test_access_token_names_its_user(tokens, person, call, view, scheme):
    response = call(view, tokens.access, scheme)
    assert accepted(response, person.id), response.content


@every_view
def test_renewed_access_token(phonekey, tokens, person, call, view):
    response = call(view, phonekey.refresh(tokens.refresh).access)
    assert accepted(response, person.id), response.content


def test_user_without_an_account_in_the_back_end(tokens, call):
    response = call("whoami", tokens.access)
    assert (response.status_code, response.json()["code"]) == (401, "user_not_found")


def tampered(token, secret):
    head, payload, signature = token.split(".")
    return f"{head}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def for_another_user(token, secret):
    claims = jwt.decode(token, secret, algorithms=["HS256"])
    forged = jwt.encode(claims | {"user_id": claims["user_id"] + 1}, "k" * 40).split(".")
    return f"{forged[0]}.{forged[1]}.{token.split('.')[2]}"


def expired(token, secret):
    claims = jwt.decode(token, secret, algorithms=["HS256"])
    return jwt.encode(claims | {"exp": int(time.time()) - 1}, secret)


def of_another_key(token, secret):
    return jwt.encode(jwt.decode(token, secret, algorithms=["HS256"]), "k" * 40)


@every_view
@pytest.mark.parametrize("spoil", [tampered, for_another_user, expired, of_another_key])
def test_spoilt_token(tokens, person, secret, call, view, spoil):
    response = call(view, spoil(tokens.access, secret))
    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")


@every_view
def test_refresh_token_is_no_access_token(tokens, person, call, view):
    response = call(view, tokens.refresh)
    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")
    assert response.json()["messages"][0]["message"] == "Token has wrong type"
