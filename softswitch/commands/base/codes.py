"""The reply codes of the command API with their sentences, and the error that carries one.

Source: the API reference, section 4 (the spelling of the sentences is part of the contract); 801 is
ours, since there an application may ask again.
"""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """The values of `<Code>`."""

    OK = 200
    PARSE_ERROR = 300
    NOT_IMPLEMENTED = 301
    INVALID_PARAMETER = 302
    INAPPROPRIATE_COMMAND = 303
    AUTHENTICATION_REQUIRED = 304
    AUTHENTICATION_FAILED = 305
    FORBIDDEN_USER = 306
    FORBIDDEN_ADDRESS = 307
    API_EXTENSION_UNAVAILABLE = 401
    CALL_CONNECT_FAILED = 402
    SMS_DESTINATION_NOT_FOUND = 501
    CALL_NOT_FOUND = 601
    CONFIG_NOT_FOUND = 701
    INVALID_CONFIG = 702
    CONFIG_ALREADY_EXISTS = 703
    DATABASE_AWAY = 801


SENTENCES: dict[Code, str] = {
    Code.OK: "Command successfully executed",
    Code.PARSE_ERROR: "Error occured during parsing message: '{0}'",
    Code.NOT_IMPLEMENTED: "Not implemented command: '{0}'",
    Code.INVALID_PARAMETER: "Missing or invalid parameter '{0}' for command '{1}'",
    Code.INAPPROPRIATE_COMMAND: "Command '{0}' cannot be used here",
    Code.AUTHENTICATION_REQUIRED: "Authentication required",
    Code.AUTHENTICATION_FAILED: "Authentication failed, bad username or password",
    Code.FORBIDDEN_USER: "User is not allowed to use API in ACL",
    Code.FORBIDDEN_ADDRESS: "Use API from this address is forbidden",
    Code.API_EXTENSION_UNAVAILABLE: (
        "API extension '{0}' unavailable, please check configuration or permissions"
    ),
    Code.CALL_CONNECT_FAILED: "Call connect to '{0}' failed with result state '{1}'",
    Code.SMS_DESTINATION_NOT_FOUND: "Destination of the SMS is not found",
    Code.CALL_NOT_FOUND: "Call not found with ID '{0}'",
    Code.CONFIG_NOT_FOUND: "Configuration for type '{0}' not found",
    Code.INVALID_CONFIG: "Invalid configuration for type '{0}'",
    Code.CONFIG_ALREADY_EXISTS: "Extension configuration already exists",
    Code.DATABASE_AWAY: "The database does not answer",
}
"Every code's sentence; `{0}` and `{1}` are filled in."


class CommandError(Exception):
    """A command that cannot be read or done: its code, and a sentence that names the cause."""

    def __init__(self, code: Code, *values: str, detail: str = "") -> None:
        self.code = code
        self.values = values
        self.detail = detail
        sentence = SENTENCES[code].format(*values)
        self.message = f"{sentence}. {detail}" if detail else sentence
        super().__init__(self.message)

    def because(self, cause: str) -> CommandError:
        """The same error with what is probably its cause."""
        detail = f"{self.detail}; {cause}" if self.detail else cause
        return CommandError(self.code, *self.values, detail=detail)
