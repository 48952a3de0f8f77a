"""The requests that the page may send, below /data/, and the operations behind them."""

import re
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final

import jwt

from local import mail_store
from local.config import LocalSettings
from local.console_operations_client import ConsoleOperationsClient
from local.faults import CONSOLE_USER_AGENT, Fault, FaultFile, InvalidFault
from local.openapi_route import build_document
from local.printed_commands import build_commands
from local.stack import Stack
from local.web_console import random_users, start_page, static_files
from local.web_console.change_feed import ChangeFeed
from local.web_console.replies import ConsoleRequest, Reply, RequestRejected, to_json_reply
from local.web_console.request_history import RequestHistory
from local.web_console.seeding import Seeding
from local.web_console.state_file import StateStore
from local.web_console.state_file_check import parse_file
from local.web_console.user_administration import STATES, UserAdministration
from local.web_console.user_api import UserApi
from local.web_console.user_panels import UserContext, build_panels

DATA_PREFIX: Final = "/data/"
_DEFAULT_USERS: Final = 50
_MAX_LIMIT_DIGITS: Final = 6
_SUB: Final = r"(?P<sub>[\w-]{1,64})"
_FILE_ID: Final = r"(?P<file_id>[\w-]{1,64})"
_DOWNLOAD_TIMEOUT_SECONDS: Final = 10
_DOWNLOAD_ERRORS: Final[Mapping[int, str]] = {
    403: "The object does not exist, or the malware scan has not found it clean.",  # denied by the bucket policy
    404: "The object does not exist in the bucket.",
}


@dataclass
class Endpoints:
    """The operations of the console of one stack."""

    local: LocalSettings
    stack: Stack
    feed: ChangeFeed
    history: RequestHistory
    operations: ConsoleOperationsClient = field(init=False)
    api: UserApi = field(init=False)
    users: UserAdministration = field(init=False)
    store: StateStore = field(init=False)
    seeding: Seeding = field(init=False)
    faults: FaultFile = field(init=False)

    def __post_init__(self) -> None:
        self.operations = ConsoleOperationsClient(self.stack)
        self.api = UserApi(self.stack, self.operations)
        self.users = UserAdministration(self.stack, self.operations, self.api)
        self.store = StateStore(self.stack, self.operations)
        self.seeding = Seeding(self.users, lambda: self.feed.publish("data"))
        self.faults = FaultFile(self.local.state_directory)
        self._state_lock = threading.Lock()  # held while all state is replaced
        self._routes: tuple[tuple[str, re.Pattern[str], Callable[..., Reply]], ...] = tuple(
            (method, re.compile(DATA_PREFIX + path), handle)
            for method, path, handle in (
                ("GET", "start", self._get_start),
                ("GET", "mails", self._list_mails),
                ("DELETE", "mails", self._delete_mails),
                ("GET", "users", self._list_users),
                ("POST", "users", self._create_user),
                ("GET", "random-user", self._get_random_user),
                ("GET", f"users/{_SUB}", self._get_user),
                ("DELETE", f"users/{_SUB}", self._delete_user),
                ("POST", f"users/{_SUB}/state", self._change_state),
                ("POST", f"users/{_SUB}/tokens", self._issue_tokens),
                ("GET", f"users/{_SUB}/picture", self._get_picture),
                ("GET", f"users/{_SUB}/files/{_FILE_ID}/content", self._get_file_content),
                ("GET", "requests", self._list_requests),
                ("DELETE", "requests", self._delete_requests),
                ("GET", "openapi", self._get_openapi),
                ("GET", "fault", self._get_fault),
                ("PUT", "fault", self._set_fault),
                ("DELETE", "fault", self._clear_fault),
                ("GET", "state", self._get_state),
                ("DELETE", "state", self._delete_state),
                ("POST", "seed", self._seed),
                ("GET", "export", self._export),
                ("PUT", "import", self._import),
            )
        )

    def respond(self, request: ConsoleRequest) -> Reply:
        """Return the reply to a request below /data/. Raises RequestRejected and the errors of the clients."""
        for method, pattern, handle in self._routes:
            if method == request.method and (match := pattern.fullmatch(request.path)):
                return handle(request, **match.groupdict())
        raise RequestRejected("There is nothing at this address.", HTTPStatus.NOT_FOUND)

    # Start

    def _get_start(self, _: ConsoleRequest) -> Reply:
        commands = build_commands(self.local, self.api.client)
        has_random_codes = self.local.has_random_codes
        page = start_page.build_start_page(self.stack, commands, has_random_codes=has_random_codes)
        has_example_user = self.users.has_user(page["example_user"]["email"])
        return to_json_reply({**page, "has_example_user": has_example_user})

    # Mail

    def _list_mails(self, _: ConsoleRequest) -> Reply:
        """Return the mails, each with the id of its user if a user has the address."""
        mails = mail_store.list_mails(self.operations)
        subs = self.users.find_subs(address for mail in mails for address in mail["to"])
        return to_json_reply(
            {"mails": [{**mail, "sub": next(filter(None, map(subs.get, mail["to"])), None)} for mail in mails]}
        )

    def _delete_mails(self, _: ConsoleRequest) -> Reply:
        mail_store.delete_mails(self.operations)
        return to_json_reply({})

    # Users

    def _list_users(self, request: ConsoleRequest) -> Reply:
        users = self.users.list_users(request.get_parameter("search"))
        limit = _parse_limit(request.get_parameter("limit", str(_DEFAULT_USERS)))
        return to_json_reply({"users": users[:limit], "total": len(users)})

    def _get_random_user(self, _: ConsoleRequest) -> Reply:
        attributes = random_users.generate_attributes()
        return to_json_reply({"attributes": attributes, "choices": random_users.CHOICES, "states": STATES})

    def _create_user(self, request: ConsoleRequest) -> Reply:
        content = _require_object(request.parse_json())
        attributes = _require_object(content.get("attributes", {}))
        values = random_users.build_user({name: str(value) for name, value in attributes.items()})
        user = self.users.create_user(values, str(content.get("state", "")))
        return to_json_reply({"user": user, "password": values.password}, HTTPStatus.CREATED)

    def _get_user(self, _: ConsoleRequest, sub: str) -> Reply:
        user = self.users.get_user(sub)
        return to_json_reply(
            {"user": user, "panels": build_panels(UserContext(sub, self.stack, self.api.sign_in(sub)))}
        )

    def _delete_user(self, _: ConsoleRequest, sub: str) -> Reply:
        return to_json_reply({"message": self.users.delete_user(sub)})

    def _change_state(self, request: ConsoleRequest, sub: str) -> Reply:
        action = str(_require_object(request.parse_json()).get("action", ""))
        return to_json_reply({"user": self.users.change_state(sub, action)})

    def _issue_tokens(self, _: ConsoleRequest, sub: str) -> Reply:
        tokens = self.operations.issue_tokens(sub)
        claims = jwt.decode(tokens["IdToken"], options={"verify_signature": False})
        return to_json_reply({"tokens": tokens, "claims": claims})

    def _get_picture(self, _: ConsoleRequest, sub: str) -> Reply:
        """Return the picture itself, so that the page needs no access to the embedded AWS."""
        response = self.api.sign_in(sub).call("GET", "/picture")
        if response.status != HTTPStatus.OK:
            raise RequestRejected("The profile has no picture.", HTTPStatus.NOT_FOUND)
        return _download(response.body["url"])

    def _get_file_content(self, _: ConsoleRequest, sub: str, file_id: str) -> Reply:
        """Return the content of a file as an attachment with its name."""
        response = self.api.sign_in(sub).call("GET", f"/files/{file_id}/content")
        if response.status != HTTPStatus.OK:
            raise RequestRejected(response.body.get("detail", "The file has no content."), HTTPStatus.NOT_FOUND)
        reply = _download(response.body["url"])
        return replace(reply, headers={"Content-Disposition": "attachment", **reply.headers})

    # Requests

    def _list_requests(self, _: ConsoleRequest) -> Reply:
        entries = self.history.list_entries()
        emails = self.users.find_emails(entry["sub"] for entry in entries if entry["sub"])
        return to_json_reply({"requests": [{**entry, "email": emails.get(entry["sub"])} for entry in entries]})

    def _delete_requests(self, _: ConsoleRequest) -> Reply:
        self.history.clear()
        return to_json_reply({})

    # API

    def _get_openapi(self, _: ConsoleRequest) -> Reply:
        document = build_document(self.stack.api_url)
        return to_json_reply({"document": document, "has_viewer": static_files.find_viewer_directory() is not None})

    # Faults

    def _get_fault(self, _: ConsoleRequest) -> Reply:
        fault = self.faults.read()
        return to_json_reply({"fault": asdict(fault) if fault else None})

    def _set_fault(self, request: ConsoleRequest) -> Reply:
        try:
            self.faults.write(Fault.parse(request.parse_json()))
        except InvalidFault as exc:
            raise RequestRejected(str(exc)) from exc
        self.feed.publish("faults")
        return self._get_fault(request)

    def _clear_fault(self, request: ConsoleRequest) -> Reply:
        self.faults.write(None)
        self.feed.publish("faults")
        return self._get_fault(request)

    # Data

    def _get_state(self, _: ConsoleRequest) -> Reply:
        return to_json_reply({"counts": self.store.count(), "seeding": self.seeding.get_progress()})

    def _delete_state(self, _: ConsoleRequest) -> Reply:
        with self._state_lock:
            self.seeding.stop()
            self.store.delete()
            self.seeding.clear()
        self.history.clear()
        self.feed.publish("users", "mail", "data")
        return to_json_reply({})

    def _seed(self, request: ConsoleRequest) -> Reply:
        count = _require_object(request.parse_json()).get("count")
        with self._state_lock:
            self.seeding.start(count)
        return to_json_reply({}, HTTPStatus.ACCEPTED)

    def _export(self, _: ConsoleRequest) -> Reply:
        headers = {"Content-Disposition": 'attachment; filename="healthtech-state.json"'}
        reply = to_json_reply(self.store.export())
        return Reply(reply.body, headers=headers)

    def _import(self, request: ConsoleRequest) -> Reply:
        state = self.store.check(parse_file(request.body))
        try:
            with self._state_lock:
                self.seeding.stop()
                counts = self.store.replace(state)
                self.seeding.clear()
        finally:
            self.feed.publish("users", "mail", "data")
        return to_json_reply({"counts": counts})


def _download(url: str) -> Reply:
    """Return the object behind a presigned URL, with its type and its disposition. Raises OSError."""
    request = urllib.request.Request(url, headers={"User-Agent": CONSOLE_USER_AGENT})
    try:
        with urllib.request.urlopen(request, timeout=_DOWNLOAD_TIMEOUT_SECONDS) as response:
            disposition = response.headers["Content-Disposition"]
            headers = {"Content-Disposition": disposition} if disposition else {}
            return Reply(response.read(), response.headers.get_content_type(), headers=headers)
    except urllib.error.HTTPError as exc:
        reason = _DOWNLOAD_ERRORS.get(exc.code, f"S3 returned {exc.code}.")
        raise RequestRejected(reason, HTTPStatus.NOT_FOUND) from exc


def _parse_limit(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise RequestRejected("limit must be a number.")
    return int(text[:_MAX_LIMIT_DIGITS])


def _require_object(content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise RequestRejected("The body must be a JSON object.")
    return content
