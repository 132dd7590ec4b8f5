"""The user pool: passwords, tokens and groups. Codes and confirmations are ours, not Cognito's.

A password passes through here and is kept by the pool alone, which gives none back (SAMAN-3.6).
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from mohlat.application.ports import Tokens
from mohlat.domain.errors import InvalidInput, NotSignedIn, TooManyAttempts
from mohlat.domain.people import Role

_NOT_SIGNED_IN = frozenset(
    {
        "NotAuthorizedException",
        "PasswordResetRequiredException",
        "UserNotConfirmedException",
        "UserNotFoundException",
    }
)
_TOO_MANY = frozenset({"LimitExceededException", "TooManyRequestsException"})


class CognitoSignIn:
    """`SignIn` over a botocore `cognito-idp` client, a user pool and its client without a secret."""

    def __init__(self, client: Any, user_pool_id: str, client_id: str) -> None:
        self._client = client
        self._pool = user_pool_id
        self._client_id = client_id

    def create(self, username: str, tenant_id: str, role: Role) -> None:
        """Creates a user who cannot sign in yet; one that exists already is left as it is."""
        try:
            self._client.admin_create_user(
                UserPoolId=self._pool,
                Username=username,
                MessageAction="SUPPRESS",
                UserAttributes=[{"Name": "custom:tenant_id", "Value": tenant_id}],
            )
        except ClientError as error:
            if _code(error) != "UsernameExistsException":
                raise
        # Also for one that exists: the call before may have been cut off in between.
        self._client.admin_add_user_to_group(UserPoolId=self._pool, Username=username, GroupName=role.value)

    def set_password(self, username: str, password: str) -> None:
        """Sets a password for good. Raises InvalidInput for one that the pool's own policy refuses."""
        try:
            self._client.admin_set_user_password(
                UserPoolId=self._pool, Username=username, Password=password, Permanent=True
            )
        except ClientError as error:
            if _code(error) == "InvalidPasswordException":
                # Not chained: the provider's text may speak about the password.
                raise InvalidInput("password", "is not accepted") from None
            raise

    def sign_in(self, username: str, password: str) -> Tokens:
        """Raises NotSignedIn, TooManyAttempts."""
        return self._tokens("ADMIN_USER_PASSWORD_AUTH", {"USERNAME": username, "PASSWORD": password})

    def refresh(self, refresh_token: str) -> Tokens:
        """Raises NotSignedIn, TooManyAttempts."""
        return self._tokens("REFRESH_TOKEN_AUTH", {"REFRESH_TOKEN": refresh_token})

    def sign_out(self, username: str) -> None:
        """Ends every session of the user; an unknown user has none."""
        try:
            self._client.admin_user_global_sign_out(UserPoolId=self._pool, Username=username)
        except ClientError as error:
            if _code(error) != "UserNotFoundException":
                raise

    def delete(self, username: str) -> None:
        """Deletes the user; one who does not exist is no error."""
        try:
            self._client.admin_delete_user(UserPoolId=self._pool, Username=username)
        except ClientError as error:
            if _code(error) != "UserNotFoundException":
                raise

    def _tokens(self, flow: str, parameters: dict[str, str]) -> Tokens:
        try:
            answer = self._client.admin_initiate_auth(
                UserPoolId=self._pool, ClientId=self._client_id, AuthFlow=flow, AuthParameters=parameters
            )
        except ClientError as error:
            if _code(error) in _NOT_SIGNED_IN:
                raise NotSignedIn from None
            if _code(error) in _TOO_MANY:
                raise TooManyAttempts from None
            raise
        result = answer.get("AuthenticationResult")
        if not result:
            # A challenge: the user was created and never got a password.
            raise NotSignedIn
        return Tokens(
            id_token=result["IdToken"],
            access_token=result["AccessToken"],
            expires_in=int(result["ExpiresIn"]),
            refresh_token=result.get("RefreshToken"),
        )


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
