"""Text to speech: several engines behind one small interface, offline, each in its own process.

`Speech` (`service`) is the door for the media worker: it checks the text (`text`), cuts it into
sentences, looks into its cache, and hands what is missing to an engine's process (`process`), which
reads numbers, dates and codes as words (`english`), synthesises, and brings the sound to the rate
and level of a telephone (`loudness`). An engine is one file with one class (`engine` has the
interface): `hibari_engine` for English, `espeak_engine` for every other language, and, where they
are installed, `pyttsx3_engine` and `piper_engine`.
"""
