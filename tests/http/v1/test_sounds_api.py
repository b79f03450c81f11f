"""`/v1/prompts/{name}/sound`: ETags, refusals, and files that stay below their folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.calls.prompts.folder import PromptFolder
from softswitch.http.users import Users
from softswitch.http.v1.entries import sounds_api
from softswitch.http.v1.entries.entries_api import EntriesApi
from softswitch.http.v1.entries.sounds_api import SoundsApi
from softswitch.http.v1.serving import problems
from tests.calls.prompts.test_uploaded import sound
from tests.http.v1.test_entries_api import ADMIN, Client
from tests.live.conftest import Place


@pytest_asyncio.fixture
async def folder(tmp_path: Path) -> PromptFolder:
    return PromptFolder(tmp_path / "prompts")


@pytest_asyncio.fixture
async def client(tmp_path: Path, folder: PromptFolder) -> AsyncIterator[Client]:
    place = Place(tmp_path)
    with place.path.open("a") as file:
        file.write(
            f'[[prompts]]\nname = "fixed"\nfile = "{folder.root}/fixed.wav"\n'
            '[[prompts]]\nname = "said"\ntext = "Hello"\n'
        )
    live = await place.open()
    users = Users(live.now.passwords.http)
    entries = EntriesApi(live, users)
    app = web.Application(middlewares=[problems])
    app.add_routes(entries.routes())
    app.add_routes(SoundsApi(live, folder, entries, users).routes())
    async with TestClient(TestServer(app, host="127.0.0.1"), headers=ADMIN) as client:
        yield client
    assert place.store is not None
    await place.store.close()


async def put(client: Client, name: str, data: bytes, etag: str = "") -> tuple[int, Any]:
    headers = {"If-Match": etag} if etag else {}
    async with client.put(f"/v1/prompts/{name}/sound", data=data, headers=headers) as answer:
        is_json = answer.content_type.endswith("json")
        return answer.status, await answer.json() if is_json else await answer.text()


async def test_an_upload_adds_and_the_next_one_needs_the_etag(
    client: Client, folder: PromptFolder
) -> None:
    status, added = await put(client, "hold", sound(1.0), '"1-abc"')
    assert status == 404, "what is not there has no ETag"
    status, added = await put(client, "hold", sound(1.0))
    assert (status, added["changed_by"], list(added["entry"])) == (201, "admin", ["name", "file"])
    assert Path(added["entry"]["file"]).parent == folder.root
    assert (await put(client, "hold", sound(1.0)))[0] == 428
    assert (await put(client, "hold", sound(1.0), '"1-abc"'))[0] == 412
    status, changed = await put(client, "hold", sound(2.0), added["etag"])
    assert (status, changed["etag"] == added["etag"]) == (200, False)
    assert changed["entry"]["file"] != added["entry"]["file"]
    async with client.get("/v1/prompts/hold/sound") as answer:
        assert answer.content_type in ("audio/wav", "audio/x-wav")
        assert answer.headers["Content-Disposition"] == 'attachment; filename="hold.wav"'
        assert len(await answer.read()) > 2 * 8_000 * 2
    async with client.patch(
        "/v1/prompts/hold", json={"file": None, "text": "Wait"}, headers={"If-Match": "*"}
    ) as answer:
        assert answer.status == 200
    async with client.get("/v1/prompts/hold/sound") as answer:
        assert answer.status == 404
        assert "spoken" in await answer.text()
    assert (await put(client, "hold", sound(1.0), "*"))[0] == 200, "a text becomes a sound"


async def test_what_is_refused_leaves_nothing_behind(
    client: Client, folder: PromptFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, told = await put(client, "hold", b"RIFF and nothing else")
    assert (status, told["mistakes"][0]["where"]) == (422, "prompt hold: sound")
    for name in ("a.b", "a%20b", "..%2Fa", "x" * 65):
        status, told = await put(client, name, sound(1.0))
        assert status in (404, 422), name
    status, told = await put(client, "said", sound(1.0), "*")
    assert (status, "is fixed in softswitch.toml" in told["detail"]) == (409, True)
    monkeypatch.setattr(sounds_api, "LARGEST", 1000)
    assert (await put(client, "hold", sound(1.0)))[0] == 413
    assert not folder.root.exists() or list(folder.root.iterdir()) == []


async def test_a_prompt_of_the_file_takes_uploads_in_the_folder(
    client: Client, folder: PromptFolder
) -> None:
    async with client.get("/v1/prompts/fixed/sound") as answer:
        assert answer.status == 404
        assert "is not there" in await answer.text()
    assert (await put(client, "fixed", sound(1.0)))[0] == 428
    assert (await put(client, "fixed", sound(1.0), '"x"'))[0] == 412
    status, shown = await put(client, "fixed", sound(1.0), "*")
    assert (status, shown["fixed"]) == (200, True)
    assert [each.name for each in folder.root.iterdir()] == ["fixed.wav"]


async def test_a_full_disk_says_so(
    client: Client, folder: PromptFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_data: bytes, _target: Path, _length: object) -> float:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("softswitch.calls.prompts.folder.keep_sound", full)
    status, told = await put(client, "hold", sound(1.0))
    said = "the sound could not be stored: No space left on device"
    assert (status, told["title"], told["detail"]) == (507, "Insufficient Storage", said)
