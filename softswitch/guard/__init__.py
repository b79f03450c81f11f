"""The guard: authentication, rate limits, bans, and the reach of scripts.

Requests of SIP, in the order in which they are judged:

- `authentication.py`: the gate for every request outside a dialog (RFC 3261 section 22).
- `rates.py`: how many requests a source may make; `bans.py`: sources that guess passwords.
- `accounts.py`: the users and the hashes of their passwords.
- `unanswered.py`: challenges that a phone does not answer, and what to try then.
- `events.py`: what is logged of it, for fail2ban and its like.

Requests of HTTP: `rights.py`, what users may do by their roles; `proofs/`, URLs that need no
password for a while, and the signatures of what is sent to web servers.

What scripts and commands name:

- `fetcher.py`: URLs; `reach.py`: the addresses that they may lead to, and `special_purpose.py`:
  the ranges that no public server has.
- `files.py`: paths.
- `causes.py`: why the network did not do what was asked, in our words.
"""
