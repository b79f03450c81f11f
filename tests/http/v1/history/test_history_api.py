"""`/v1/history` over records that a test keeps."""

from __future__ import annotations

import csv
import io
from string import Formatter
from typing import Any

import pytest
from aiohttp import ClientPayloadError, encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from softswitch.http.users import Users
from softswitch.http.v1.history.csv_rows import COLUMNS, cell
from softswitch.http.v1.history.history_api import HistoryApi
from softswitch.http.v1.history.history_json import MOST_RECORDS
from softswitch.http.v1.history.sentences import SENTENCES, sentence
from tests.http.v1.history.records import Records, record

LOGIN = {"Authorization": encode_basic_auth("admin", "s3cret")}


def client(records: Records) -> TestClient[web.Request, web.Application]:
    application = web.Application()
    application.add_routes(HistoryApi(records, Users({"admin": "s3cret"})).routes())
    return TestClient(TestServer(application, host="127.0.0.1"), headers=LOGIN)


async def fetch(records: Records, path: str) -> tuple[int, Any]:
    async with client(records) as http, http.get(path) as answer:
        return answer.status, await answer.json()


async def test_a_page_of_the_records() -> None:
    records = Records(record("b", caller_name="Ann"), record("a"))
    status, shown = await fetch(records, "/v1/history?limit=1&outcome=answered&since=2026-01-02")
    assert status == 200
    assert shown["total"] == 2
    (call,) = shown["calls"]
    assert (call["id"], call["chain"], call["caller_name"]) == ("b", "b", "Ann")
    assert call["talk_seconds"] == 3
    wanted, page = records.asked[0]
    assert wanted is not None and page is not None
    assert (wanted.outcome, wanted.caller_id, page.limit) == ("answered", None, 1)
    assert wanted.since is not None


@pytest.mark.parametrize(
    ("query", "named"),
    [("limit=0", "limit"), ("limit=1001", "limit"), ("since=x", "since"), ("colour=1", "colour")],
)
async def test_a_wrong_query_names_its_field(query: str, named: str) -> None:
    for path in ("/v1/history", "/v1/history.csv"):
        status, shown = await fetch(Records(), f"{path}?{query}")
        assert status == 400
        assert named in shown["detail"]


async def test_without_a_password_nothing_is_shown() -> None:
    async with client(Records(record("a"))) as http:
        for path in ("/v1/history", "/v1/history.csv", "/v1/history/a"):
            async with http.get(path, headers={"Authorization": ""}) as answer:
                assert answer.status == 401


async def test_a_database_that_is_away_is_no_empty_history() -> None:
    for path in ("/v1/history", "/v1/history.csv", "/v1/history/a"):
        status, shown = await fetch(Records(away_after=0), path)
        assert status == 503
        assert "database" in shown["detail"]


async def test_a_chain_is_a_story() -> None:
    first = record(
        "a",
        caller_name="Ann",
        end_time=1_800_000_009.0,
        steps=[
            {"at": 1_800_000_000.5, "what": "rang", "number": "2000"},
            {"at": 1_800_000_002.0, "what": "answered", "number": "2000"},
            {
                "at": 1_800_000_004.0,
                "what": "transferred",
                "by": "2000",
                "number": "1000",
                "to": "3000",
            },
        ],
    )
    second = record("b", chain="a", start_time=1_800_000_004.5, dialed="3000", source="1000")
    status, shown = await fetch(Records(first, second), "/v1/history/a")
    assert status == 200
    assert shown["chain"] == "a"
    assert [each["call"]["id"] for each in shown["calls"]] == ["a", "b"]
    words = [line.partition("  ")[2] for line in shown["story"]]
    assert words == [
        "1000 (Ann) called 2000",
        "2000 was rung",
        "2000 answered",
        "2000 transferred 1000 to 3000",
        "1000 called 3000",
        "the call ended: answered (by the caller)",
        "the call ended: answered (by the caller)",
    ]
    assert shown["calls"][0]["steps"][0]["facts"] == {"number": "2000"}


async def test_a_call_that_nobody_knows() -> None:
    status, shown = await fetch(Records(), "/v1/history/nothing")
    assert status == 404
    assert "nothing" in shown["detail"]


async def test_the_table_holds_every_record() -> None:
    records = Records(*(record(f"c{number}") for number in range(2 * MOST_RECORDS + 5)))
    async with client(records) as http, http.get("/v1/history.csv?limit=3") as answer:
        assert answer.content_type == "text/csv"
        lines = list(csv.reader(io.StringIO(await answer.text())))
    assert lines[0] == list(COLUMNS)
    assert [line[0] for line in lines[1:]] == [each.call_id for each in records.kept]
    assert len(records.asked) == 3


async def test_half_a_table_does_not_look_whole() -> None:
    records = Records(*(record(f"c{n}") for n in range(MOST_RECORDS + 1)), away_after=1)
    async with client(records) as http:
        with pytest.raises(ClientPayloadError):
            async with http.get("/v1/history.csv") as answer:
                await answer.read()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        ("Ann", "Ann"),
        ("+49301234", "+49301234"),
        ("-1.5", "-1.5"),
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("\t=1", "'\t=1"),
        (200, "200"),
    ],
)
def test_a_cell_is_no_formula(value: object, shown: str) -> None:
    assert cell(value) == shown


@pytest.mark.parametrize("what", SENTENCES)
def test_every_sentence_names_its_facts(what: str) -> None:
    facts = {
        name: f"<{name}>"
        for name in (
            *("number", "trunk", "status", "reason", "to", "by", "lot", "location", "count"),
            *("dialled", "sentence", "queue", "waited"),
        )
    }
    for template in SENTENCES[what]:
        named = {name for _, name, _, _ in Formatter().parse(template) if name}
        given = {name: facts[name] for name in named}
        assert sentence(what, given) == template.format_map(facts)


def test_a_step_without_a_sentence_tells_its_facts() -> None:
    assert sentence("sang", {"by": "1000", "to": "2000"}) == "sang: by 1000, to 2000"
    assert sentence("sang", {}) == "sang"
    assert sentence("rang", {"number": "1"}) == "1 was rung"
    assert sentence("transferred", {"by": "1", "to": "2"}) == "1 transferred the call to 2"
