"""The messages between the signalling process and a media worker: typed, versioned, msgpack.

A message is sent as one frame (`frames`). Requests with a `ticket` are answered once, with that
ticket; the others are carried out in order and are not answered unless they are refused.
"""

from __future__ import annotations

import msgspec

from media.control.alarm import AlarmEvent, AlarmRequest
from media.control.message import TICKETLESS, ControlMessage
from media.control.security import Security
from media.control.sound import SoundEvent, SoundRequest, VoicesFound

VERSION = 11
"Raised whenever a message changes; the two ends refuse to talk when theirs differ."

NO_PORT_FREE = "no port free"
"The reason of `OrderRefused` when every pair is in use or in quarantine."

Address = tuple[str, int]
"A numeric IP address (IPv6 without brackets) and a port."


class LegCodec(msgspec.Struct, frozen=True, kw_only=True):
    """One format of a leg as offer and answer settled it (RFC 3264, RFC 3551)."""

    name: str
    "The encoding name of `a=rtpmap`, compared without regard to case: `PCMU`, `telephone-event`."
    clock: int = 8000
    "RTP clock in Hz."
    channels: int = 1
    receive_pt: int
    "The payload type that we announced, 0 to 127: what arrives carries it."
    send_pt: int
    "The payload type that the far end announced, 0 to 127: what leaves carries it."
    fmtp: str = ""
    "The parameters of `a=fmtp`, as they stand."


class Statistics(msgspec.Struct, kw_only=True):
    """What went through a leg, counted from its opening."""

    packets_in: int = 0
    "Valid RTP packets from the far end."
    octets_in: int = 0
    "Their payload octets."
    packets_out: int = 0
    octets_out: int = 0
    lost: int = 0
    "Expected minus received, RFC 3550 appendix A.3; duplicates make it smaller."
    jitter_ms: float = 0.0
    "Interarrival jitter of what arrives, RFC 3550 section 6.4.1."
    bad: dict[str, int] = {}
    "Packets that were dropped, by what was wrong with them; kinds that never occurred are absent."
    remote_lost: int = 0
    "What the far end misses of ours, from its last report block."
    remote_jitter_ms: float = 0.0
    round_trip_ms: float | None = None
    "From the far end's last report; None before the first."
    ssrc_in: int = 0
    "The far end's synchronisation source, 0 before its first packet."
    ssrc_out: int = 0
    codec: str = ""
    "The encoding name of what the far end speaks; of what was agreed first, before it speaks."
    codec_out: str = ""
    "The encoding name of what it is sent."
    late: int = 0
    "Packets that came too late to be played; counted only where the samples were needed."
    mos: float | None = None
    "How good the far end sounds here, 1.0 to 4.5, by the E-model; None before its first packet."
    remote_mos: float | None = None
    "How good we sound there, as far as its reports tell; None before the first."
    cause: str | None = None
    "What is wrong with the leg's audio, as a name in `diagnosis.CAUSES`; None when nothing is."
    diagnosis: str | None = None
    "The same as one sentence."
    srtp: str = ""
    """The suite that the leg is secured with, as in `a=crypto`; empty for plain RTP. The signalling
    process fills it in."""

    @property
    def lost_percent(self) -> float:
        """Lost packets among those that should have come."""
        return percent(self.lost, self.packets_in + self.lost)


def percent(part: int, whole: int) -> float:
    """Return a share, 0 to 100; duplicates may make the part negative."""
    return min(100.0, max(0.0, 100.0 * part / whole)) if whole > 0 else 0.0


# ---- from the signalling process ----------------------------------------------------------------


class WorkerHello(ControlMessage, frozen=True, kw_only=True):
    """First message of a connection; answered by `Ready`."""

    version: int


class Open(ControlMessage, frozen=True, kw_only=True):
    """Take a row and bind an even RTP port and the odd one above it; answered by `Opened`."""

    ticket: int
    leg: int
    "A number that the signalling process has not used before; it names the leg from now on."
    ipv6: bool = False
    is_urgent: bool = False
    "Whether it may take one of the pairs that are kept for emergency calls."


class Configure(ControlMessage, frozen=True, kw_only=True):
    """Set what offer and answer settled; opens the window in which an address may be learned."""

    leg: int
    remote: Address | None
    "Where the far end's SDP wants its RTP; None while that is unknown."
    rtcp: Address | None = None
    "Where it wants RTCP (`a=rtcp`, RFC 3605); None stands for the port above `remote`."
    codecs: tuple[LegCodec, ...] = ()
    "The first that is not `telephone-event` or `CN` is what we send when we send by ourselves."
    ptime: int = 20
    "Milliseconds of audio in a packet of ours."
    direction: str = "sendrecv"
    "Our side's direction: `sendonly` sends and hears nothing, `recvonly` hears and sends nothing."
    timeout: float = 60.0
    "Seconds without a valid packet after which `MediaTimeout` is sent; 0 for never."
    inside: bool = False
    "Whether the far end is a leg of our own: only then may packets be sent to one."
    security: Security | None = None
    "None for media in the clear."


class Expect(ControlMessage, frozen=True, kw_only=True):
    """Told when an offer leaves, while nothing is known of the far end: how it may begin."""

    leg: int
    security: Security


class Join(ControlMessage, frozen=True, kw_only=True):
    """Let two legs hear each other; either leaves the room that it was in."""

    leg: int
    other: int


class Leave(ControlMessage, frozen=True, kw_only=True):
    """Take a leg out of its room: it hears no other leg, and no other leg hears it."""

    leg: int


class Echo(ControlMessage, frozen=True, kw_only=True):
    """Let a leg hear itself."""

    leg: int


class Ask(ControlMessage, frozen=True, kw_only=True):
    """Answered by `Counted`: the statistics of the leg so far."""

    ticket: int
    leg: int


class Close(ControlMessage, frozen=True, kw_only=True):
    """Say goodbye in RTCP and free the row; its ports rest a while; answered by `Counted`."""

    ticket: int
    leg: int


Request = (
    WorkerHello
    | Open
    | Configure
    | Expect
    | Join
    | Leave
    | Echo
    | Ask
    | Close
    | SoundRequest
    | AlarmRequest
)


# ---- from the worker ----------------------------------------------------------------------------


class Ready(ControlMessage, frozen=True, kw_only=True):
    """The worker listens."""

    version: int
    pid: int
    fingerprint: str = ""
    "Of the worker's certificate, as in `a=fingerprint`: `sha-256 AA:BB:…`; empty without DTLS."


class Opened(ControlMessage, frozen=True, kw_only=True):
    """The leg has its ports, both bound."""

    ticket: int
    leg: int
    address: str
    "What SDP announces."
    rtp_port: int
    "Even; RTCP is on the port above."


class Counted(ControlMessage, frozen=True, kw_only=True):
    """The statistics of a leg, at the time of asking or at its end."""

    ticket: int
    leg: int
    statistics: Statistics


class OrderRefused(ControlMessage, frozen=True, kw_only=True):
    """A request was wrong or could not be carried out."""

    ticket: int = TICKETLESS
    reason: str
    "`NO_PORT_FREE`, or a sentence."


class MediaTimeout(ControlMessage, frozen=True, kw_only=True):
    """No valid packet has arrived for the leg's `timeout`; sent once until packets come again."""

    leg: int
    seconds: float


class MediaSecured(ControlMessage, frozen=True, kw_only=True):
    """The keys of a leg are agreed by DTLS: its media passes, protected."""

    leg: int
    suite: str


class MediaInsecure(ControlMessage, frozen=True, kw_only=True):
    """Media of a leg that is to be protected cannot be: nothing passes."""

    leg: int
    reason: str


class UnexpectedAddress(ControlMessage, frozen=True, kw_only=True):
    """Packets came from an unknown source and were dropped; sent at most once a minute."""

    leg: int
    address: str
    "The source of the last of them."
    port: int
    packets: int
    "How many there were since the last such event, from whatever source."


class WorkerReport(ControlMessage, frozen=True, kw_only=True):
    """How the worker itself is, once a second."""

    legs: int
    "Rows in use."
    ports_free: int
    ports_quarantined: int
    packets_in: int
    "All that was ever received, good and bad."
    packets_out: int
    bad: int
    "All that were dropped."
    forged: int
    "Among them those of protected legs that were not protected by the right key."
    repeated: int
    "And those of protected legs that had been there before, or were too old to tell."
    withheld: int
    "Packets that did not leave because they could not be protected."
    refused: int
    "Sends and receives that failed because no program has the far end's port."
    cpu_seconds: float
    "User and system time of the process."
    tick_late_ms: float
    "The mean lateness of the ticks of the last second."
    tick_late_max_ms: float
    ticks_skipped: int
    "Ticks that could not be held at all, ever."
    faults: int
    "Mistakes of ours that the worker survived; the log has them."


Event = MediaTimeout | MediaSecured | MediaInsecure | UnexpectedAddress | SoundEvent | AlarmEvent
Reply = Ready | Opened | Counted | OrderRefused | Event | WorkerReport | VoicesFound
