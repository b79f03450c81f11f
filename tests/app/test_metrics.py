"""All metrics of the switch: dashboards and alarms of others stand on their names and labels."""

from __future__ import annotations

from pathlib import Path

from softswitch.app.application import Application
from softswitch.settings.passwords import collect
from tests.app.test_application import get, settings

METRICS = [
    ("bans", "Bans that last, by service", "service"),
    ("budget_calls", "Calls out today that a budget counts", "budget"),
    ("budget_refusals_total", "Calls out that a budget refused", "budget"),
    ("budget_seconds", "Seconds of talk out today", "budget"),
    ("calls", "Calls that go on", None),
    ("calls_ended_total", "Calls that have ended, by outcome", "outcome"),
    ("calls_refused_total", "Calls that met a full or draining switch", None),
    (
        "certificate_expiry_timestamp_seconds",
        "When each certificate of [tls] ends to be valid, by its file",
        "file",
    ),
    ("client_transactions", "SIP client transactions alive", None),
    ("connections", "SIP connections open", None),
    (
        "connections_gave_way_total",
        "SIP connections that owed a message and lost their place to newcomers",
        None,
    ),
    ("connections_refused_total", "SIP connections above a limit", None),
    ("connections_timed_out_total", "SIP connections whose message did not come in time", None),
    ("datagrams_ignored_total", "Keep-alives and datagrams that are no SIP", None),
    ("datagrams_unsent_total", "Datagrams that the kernel had no room for", None),
    ("dialogs", "SIP dialogs alive", None),
    ("disk_free_bytes", "Free octets of the disk below a folder", "folder"),
    (
        "emergency_calls_failed_total",
        "Emergency calls that ended before anybody answered",
        None,
    ),
    ("emergency_calls_total", "Emergency calls", None),
    ("errors_total", "Exceptions that were caught", None),
    ("event_clients", "Readers of events", None),
    ("event_clients_cut_off_total", "Readers that did not read", None),
    ("events_last_number", "The number of the newest event", None),
    ("events_lost_total", "Events that were never written", None),
    ("events_waiting", "Events that wait for the database", None),
    ("http_connections", "HTTP connections open", None),
    (
        "http_connections_closed_total",
        "HTTP connections that were closed before a request was complete, by cause",
        "cause",
    ),
    ("leg_mos", "How legs that have ended sounded here, by the E-model", None),
    (
        "leg_packets_late_total",
        "Packets that came too late to be played, of legs that have ended",
        None,
    ),
    ("leg_packets_lost_total", "Packets that never came, of legs that have ended", None),
    (
        "legs_diagnosed_total",
        "Legs that ended with something wrong with their sound, by what it was",
        "cause",
    ),
    ("loop_lateness_seconds", "The most that the event loop was late since the last scrape", None),
    ("media_cpu_seconds_total", "Processor time of the worker", "worker"),
    ("media_packets_bad_total", "Packets that were dropped as bad", "worker"),
    ("media_packets_received_total", "RTP and RTCP packets received", "worker"),
    ("media_packets_sent_total", "RTP and RTCP packets sent", "worker"),
    ("media_ports", "Ports in use", "worker"),
    ("media_ports_free", "Port pairs that are free", "worker"),
    ("media_srtp_forged_total", "SRTP packets that no key of their leg has protected", "worker"),
    ("media_srtp_repeated_total", "SRTP packets that had been there before", "worker"),
    ("media_srtp_withheld_total", "Packets that could not be protected", "worker"),
    ("media_tick_lateness_seconds", "The most that a tick was late in the last second", "worker"),
    ("media_ticks_skipped_total", "Ticks that could not be held", "worker"),
    ("media_worker_restarts_total", "Media workers replaced", None),
    ("media_workers", "Media workers alive", None),
    ("message_connections_up", "Whether a connection can carry messages", "connection"),
    ("message_receipts_unknown_total", "Delivery receipts of no message", None),
    ("messages_accepted_total", "Messages stored and acknowledged", None),
    ("messages_arrived_total", "Messages that connections brought", None),
    ("messages_expired_total", "Messages that were not sent in time", "connection"),
    ("messages_failed_total", "Messages that no connection takes", "connection"),
    ("messages_held", "Messages in memory", "connection"),
    ("messages_refused_total", "Messages not accepted", None),
    ("messages_retried_total", "Attempts that are made again later", "connection"),
    ("messages_sent_total", "Messages that a connection took", "connection"),
    ("notifies_total", "NOTIFYs with the state of a resource, by package", "package"),
    ("phones_silent", "Registered phones that do not answer OPTIONS any more", None),
    ("publications", "Publications of presence that count", None),
    ("queue_agents_talking", "Agents who talk to callers of queues", None),
    ("queue_callers_waiting", "Callers who wait in queues", None),
    ("registrations", "Contacts that are bound", None),
    ("security_events_total", "Security events, by type", "type"),
    ("server_transactions", "SIP server transactions alive", None),
    ("sip_messages_dropped_total", "SIP messages that were no answerable SIP, or strays", None),
    (
        "sip_messages_received_total",
        "SIP messages received, by method or class of response",
        "kind",
    ),
    ("sip_messages_sent_total", "SIP messages sent, by method or class of response", "kind"),
    ("smpp_bad_total", "PDUs that could not be read", "connection"),
    ("smpp_duplicates_total", "Requests with a sequence number in use", "connection"),
    ("smpp_strays_total", "Answers to nothing", "connection"),
    ("smpp_throttled_total", "Requests above the window", "connection"),
    ("store_call_records_lost_total", "Records that neither took, or never can", None),
    ("store_call_records_returned_total", "Records that were written from the spool", None),
    ("store_call_records_spooled_total", "Records that were spooled", None),
    ("store_call_records_waiting", "Records of calls in the spool", None),
    ("store_changes_refused_total", "Changes that were not written", None),
    ("store_changes_waiting", "Changes that wait for the database", None),
    ("store_up", "Whether the database answers", None),
    ("subscriptions", "Subscriptions that go on, by package", "package"),
    ("subscriptions_ended_total", "Subscriptions that are over, by reason", "reason"),
    ("subscriptions_refused_total", "SUBSCRIBEs that were refused, by status", "status"),
    ("tasks", "Tasks of the event loop", None),
    ("timers", "SIP timers that are set", None),
    (
        "tls_failures_total",
        "Handshakes of SIP over TLS that failed, gave way or came too late",
        None,
    ),
    ("tls_handshakes_total", "Handshakes of SIP over TLS that were completed", None),
    (
        "tls_handshakes_waiting",
        "Handshakes of SIP over TLS that wait for a place or their turn",
        None,
    ),
    ("trunk_calls", "Legs at an outside line", "trunk"),
    ("trunk_failures_total", "Calls out that the line failed", "trunk"),
    ("trunk_invites_received_total", "Calls in", "trunk"),
    ("trunk_invites_sent_total", "Calls out", "trunk"),
    ("trunk_up", "Whether an outside line can be used", "trunk"),
    ("voicemails", "Messages in mailboxes, by folder", "folder"),
    ("voicemails_left_total", "Messages that were left", None),
    ("voicemails_refused_total", "Messages that could not be left, by reason", "reason"),
    ("webhook_events_behind", "Numbers of events that a webhook was not told of yet", "webhook"),
    (
        "webhook_failing",
        "Attempts of a webhook that have failed since its server took an event",
        "webhook",
    ),
]
"Name without its prefix, text, name of the label."


async def test_names_texts_and_labels(tmp_path: Path) -> None:
    wanted = settings(tmp_path)
    application = await Application.start(wanted, collect(wanted))
    try:
        metrics = [(each.name, each.text, each.label) for each in application.parts.metrics()]
        _, text = await get(application, "/metrics")
    finally:
        await application.stop()
    assert sorted(metrics) == METRICS
    for name, sentence, _ in METRICS:
        assert f"# HELP softswitch_{name} {sentence}\n" in text
