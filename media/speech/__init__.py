"""Text to speech: several engines behind one small interface, each in a process of its own.

In the order in which a text travels:

    service          takes a text for the media worker, and chooses an engine
    text             checks the text and cuts it into sentences
    speaker          one thread an engine: its cache, its queue, its process
    kept_sounds      sentences that were spoken lately
    exchange         the messages between that thread and the process
    process          the process of an engine: sentences in, sound out
    english          numbers, dates and codes as English words
    loudness         the sample rate and the level of a telephone
    engine           the interface of an engine
    hibari_engine    English
    espeak_engine    every other language
    pyttsx3_engine   where it is installed
    piper_engine     where it is installed
"""
