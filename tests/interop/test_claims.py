"""Our tokens under PyJWT and SimpleJWT's own classes."""

import jwt
import pytest
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

KINDS = {"access": AccessToken, "refresh": RefreshToken}


@pytest.mark.parametrize("kind", KINDS)
def test_pyjwt_decodes_it(tokens, decode, kind):
    """With every check on: of `sub`, `jti`, `iat`, `iss` and, were there one, `aud`."""
    claims = decode(getattr(tokens, kind))
    assert claims["token_type"] == kind
    assert type(claims["user_id"]) is int


@pytest.mark.parametrize("kind", KINDS)
def test_header(tokens, kind):
    header = jwt.get_unverified_header(getattr(tokens, kind))
    assert (header["alg"], header["typ"]) == ("HS256", "JWT")


@pytest.mark.parametrize("kind, token_class", KINDS.items(), ids=KINDS)
def test_simplejwt_reads_it(tokens, decode, kind, token_class):
    token = getattr(tokens, kind)
    assert token_class(token).payload == decode(token)


def test_added_claims(tokens, decode):
    """`sub` repeats the user, as a text; `sid` is the session's; `iss` tells who wrote it."""
    access, refresh = decode(tokens.access), decode(tokens.refresh)
    for claims in (access, refresh):
        assert claims["sub"] == str(claims["user_id"])
        assert claims["iss"]
    assert access["sid"] == refresh["sid"]
    assert access["jti"] != refresh["jti"]
