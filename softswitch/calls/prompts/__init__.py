"""Sounds that somebody uploads: prompts, and greetings of mailboxes.

    uploaded   checks sound by decoding it, and keeps it as plain WAV
    folder     the files of prompts on disk

What is played for the name of a prompt is in `ports/prompts.py`.
"""
