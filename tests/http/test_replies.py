"""The forms of answers, compared with the reference's."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from softswitch.commands.base.codes import Code
from softswitch.commands.base.replies import Listing, Reply
from softswitch.http.replies import json_reply, xml_reply

CALLS = Reply(
    listing=Listing("CallHistory", "Call", [{"CallId": "a1", "CallerId": "<Bob> & \x07"}], 7)
)


def test_the_plain_answer_is_the_references() -> None:
    assert xml_reply(Code.OK) == (
        '<?xml version="1.0"?>\n'
        '<Response xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema">\n'
        "  <Code>200</Code>\n"
        "  <Message>Command successfully executed</Message>\n"
        "</Response>\n"
    )


def test_a_list_carries_its_total_and_rows() -> None:
    root = ElementTree.fromstring(xml_reply(Code.OK, "", CALLS))
    assert [child.tag for child in root] == ["Code", "Message", "TotalRecords", "CallHistory"]
    assert root.findtext("TotalRecords") == "7"
    assert root.findtext("CallHistory/Call/CallerId") == "<Bob> & \ufffd"


def test_a_list_of_texts() -> None:
    reply = Reply(listing=Listing("ExtensionTypes", "Type", ["Phone", "Echo test"]))
    root = ElementTree.fromstring(xml_reply(Code.OK, "", reply))
    assert [row.text for row in root.findall("ExtensionTypes/Type")] == ["Phone", "Echo test"]
    assert json.loads(json_reply(Code.OK, "", reply))["ExtensionTypes"] == ["Phone", "Echo test"]


def test_an_error_keeps_its_sentence_in_both_forms() -> None:
    sentence = "Call not found with ID 'x'"
    assert f"<Message>{sentence}</Message>" in xml_reply(Code.CALL_NOT_FOUND, sentence)
    answer = json.loads(json_reply(Code.CALL_NOT_FOUND, sentence))
    assert answer == {"Code": 601, "Message": sentence}


def test_json_holds_the_same_fields() -> None:
    answer = json.loads(json_reply(Code.OK, "", CALLS))
    assert answer["TotalRecords"] == 7
    assert answer["CallHistory"] == [{"CallId": "a1", "CallerId": "<Bob> & \x07"}]
