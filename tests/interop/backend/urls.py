from django.urls import path
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import (
    JWTAuthentication,
    JWTStatelessUserAuthentication,
)
from rest_framework_simplejwt.views import TokenRefreshView


class Whoami(APIView):
    """Looks the token's user up in the back end's own database."""

    authentication_classes = [JWTAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response({"id": request.user.id})


class WhoamiByTokenAlone(Whoami):
    authentication_classes = [JWTStatelessUserAuthentication]


urlpatterns = [
    path("whoami/", Whoami.as_view()),
    path("whoami-by-token-alone/", WhoamiByTokenAlone.as_view()),
    path("refresh/", TokenRefreshView.as_view()),
]
