"""What the switch says by itself, and sounds that somebody uploads: prompts and greetings.

    uploaded   checks sound by decoding it, and keeps it as plain WAV
    sentences  what the switch says by itself, by name
    folder     the files of prompts on disk

What is played for the name of a prompt is in `ports/prompts.py`.
"""
