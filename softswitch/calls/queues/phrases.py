"""What callers are told, by language: their place, how long they wait, how to be called back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrases:
    """The sentences of one language; each is spoken as it stands."""

    first: str
    position: str
    "`{position}`: a whole number from 2."
    soon: str
    minutes: str
    "`{minutes}`: a whole number from 2."
    callback: str
    "`{key}`."
    calls_back: str
    cannot_call_back: str
    keys: tuple[str, str] = ("star", "hash")
    "The names of `*` and `#`."


PHRASES: dict[str, Phrases] = {
    "en": Phrases(
        first="You are next in line.",
        position="You are number {position} in line.",
        soon="Your call will be answered in about a minute.",
        minutes="Your call will be answered in about {minutes} minutes.",
        callback="Press {key} to be called back instead of waiting.",
        calls_back="We will call you back when it is your turn. Goodbye.",
        cannot_call_back="We cannot call back to your number. Please hold the line.",
    ),
    "de": Phrases(
        first="Sie sind als Nächstes an der Reihe.",
        position="Sie sind an Platz {position} der Warteschlange.",
        soon="Ihr Anruf wird in etwa einer Minute angenommen.",
        minutes="Ihr Anruf wird in etwa {minutes} Minuten angenommen.",
        callback="Drücken Sie {key}, damit wir Sie zurückrufen.",
        calls_back="Wir rufen Sie zurück, wenn Sie an der Reihe sind. Auf Wiederhören.",
        cannot_call_back="Wir können Ihre Nummer nicht zurückrufen. Bitte bleiben Sie am Apparat.",
        keys=("Stern", "Raute"),
    ),
    "fr": Phrases(
        first="Vous êtes le prochain.",
        position="Vous êtes en position {position} dans la file d'attente.",
        soon="Votre appel sera pris dans environ une minute.",
        minutes="Votre appel sera pris dans environ {minutes} minutes.",
        callback="Appuyez sur {key} pour être rappelé.",
        calls_back="Nous vous rappellerons quand ce sera votre tour. Au revoir.",
        cannot_call_back="Nous ne pouvons pas rappeler votre numéro. Veuillez patienter.",
        keys=("étoile", "dièse"),
    ),
    "es": Phrases(
        first="Usted es el siguiente.",
        position="Usted está en la posición {position} de la cola.",
        soon="Su llamada será atendida en aproximadamente un minuto.",
        minutes="Su llamada será atendida en aproximadamente {minutes} minutos.",
        callback="Pulse {key} para que le llamemos.",
        calls_back="Le llamaremos cuando sea su turno. Adiós.",
        cannot_call_back="No podemos llamar a su número. Por favor, espere.",
        keys=("asterisco", "almohadilla"),
    ),
}
"By the first part of a language (RFC 5646); others hear English."


def phrases_of(language: str | None) -> Phrases:
    """The sentences of a language such as `de-AT`, which has those of `de`."""
    return PHRASES.get((language or "en").partition("-")[0].lower(), PHRASES["en"])


def said_key(phrases: Phrases, key: str) -> str:
    """A key as it is spoken."""
    star, pound = phrases.keys
    return {"*": star, "#": pound}.get(key, key)


def place(phrases: Phrases, position: int) -> str:
    """What the caller at this position, from 1, is told of it."""
    return phrases.first if position == 1 else phrases.position.format(position=position)


def wait(phrases: Phrases, seconds: float) -> str:
    """How long a caller is likely to wait, in whole minutes."""
    minutes = max(1, round(seconds / 60))
    return phrases.soon if minutes == 1 else phrases.minutes.format(minutes=minutes)
