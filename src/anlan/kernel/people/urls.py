"""The door, and what everybody does with their own account."""

from __future__ import annotations

from django.urls import path

from anlan.kernel.people import token_views, views

app_name = "people"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("first-start/", views.first_start, name="first_start"),
    path("account/password/", views.change_password, name="change_password"),
    path("account/tokens/", token_views.tokens_page, name="tokens"),
    path("account/tokens/<int:pk>/revoke/", token_views.revoke, name="revoke_token"),
    path("language/", views.language, name="language"),
]
