"""Refresh tokens that the Django server wrote are carried on by phonekey, with the same key."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken


@pytest.fixture(params=["text", "number"])
def minted(request, person):
    """SimpleJWT from 5.5 on writes the user's id as a text; before, as a number."""
    token = RefreshToken.for_user(person)
    assert token["user_id"] == str(person.id)
    if request.param == "number":
        token["user_id"] = person.id
    return token


def test_minted_token_is_adopted(phonekey, minted, person):
    renewed = phonekey.refresh(minted)
    access, refresh = AccessToken(renewed.access), RefreshToken(renewed.refresh)
    assert access["user_id"] == refresh["user_id"] == person.id
    assert access["exp"] - access["iat"] == timedelta(minutes=30).total_seconds()
    assert refresh["exp"] - refresh["iat"] == timedelta(days=7).total_seconds()


def test_adopted_token_is_adopted_once(phonekey, minted):
    newest = phonekey.refresh(minted).refresh
    assert phonekey.try_refresh(minted).status_code == 401
    assert phonekey.try_refresh(newest).status_code == 401, "a replay ends the session"


def test_adopted_session_goes_on(phonekey, minted, person, call):
    token = minted
    for _ in range(3):
        renewed = phonekey.refresh(token)
        token = renewed.refresh
    assert call("whoami", renewed.access).json() == {"id": person.id}


def test_expired_minted_token(phonekey, minted):
    minted.set_exp(lifetime=-timedelta(seconds=1))
    assert phonekey.try_refresh(minted).status_code == 401


def test_minted_access_token_is_no_refresh_token(phonekey, minted):
    assert phonekey.try_refresh(minted.access_token).status_code == 401


def test_simplejwt_renews_ours_in_turn(tokens, person):
    """The way back: a project that leaves phonekey keeps its users logged in."""
    response = APIClient().post("/refresh/", {"refresh": tokens.refresh}, format="json")
    assert response.status_code == 200, response.content
    assert AccessToken(response.json()["access"])["user_id"] == person.id
