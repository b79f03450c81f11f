"""The ways that messages come and go: one file a type of connection (`[[connections]]`).

- `connection.py`: the interface of all of them, and the values and errors that pass through it.
- `sip.py`: the phones (SIP MESSAGE, RFC 3428); `sip_body.py`: what a MESSAGE holds.
- `email.py`: mails out by SMTP; `email_listener.py`: mails in by LMTP or SMTP.
- `http.py`: web applications; `folder.py`: files; `message_json.py`: the JSON that both use.
- `admin.py`: the administrator's log and console.
- `turns.py`: one message after the other to each recipient.
- `removed.py`: a connection that is no longer in the settings.

The connections that speak SMPP are in `messaging/smpp/`.
"""
