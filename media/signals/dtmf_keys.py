"""The sixteen keys: pairs of frequencies (ITU-T Q.23), event numbers (RFC 4733 section 3.2)."""

from __future__ import annotations

ROWS = (697.0, 770.0, 852.0, 941.0)
"The low group, in Hz: one frequency for each row of the keypad."

COLUMNS = (1209.0, 1336.0, 1477.0, 1633.0)
"The high group, in Hz: one frequency for each column of the keypad."

KEYPAD = "123A456B789C*0#D"
"The keys row by row: key `KEYPAD[4 * row + column]`."

FREQUENCIES: dict[str, tuple[float, float]] = {
    key: (ROWS[place // 4], COLUMNS[place % 4]) for place, key in enumerate(KEYPAD)
}
"Key to its low and its high frequency in Hz."

EVENTS = "0123456789*#ABCD"
"The key of each event number, RFC 4733 section 3.2."
