"""What callers are told, by language: their place, how long they wait, how to be called back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrases:
    """The sentences of one language; each is spoken as it stands."""

    first: str
    position: str
    "`{position}`: a whole number from 2."
    beyond: str
    "`{limit}`: a whole number from 2; of those whose own place is not told."
    soon: str
    minutes: str
    "`{minutes}`: a whole number from 2."
    longer: str
    "More than all the `MINUTES`."
    callback: str
    "`{key}`."
    calls_back: str
    cannot_call_back: str
    removed: str
    "To those who wait in a queue that is there no more, when nobody else takes them."
    keys: tuple[str, str] = ("star", "hash")
    "The names of `*` and `#`."


PHRASES: dict[str, Phrases] = {
    "en": Phrases(
        first="You are next in line.",
        position="You are number {position} in line.",
        beyond="At least {limit} callers are in line before you.",
        soon="Your call will be answered in about a minute.",
        minutes="Your call will be answered in about {minutes} minutes.",
        longer="Your call will probably be answered in more than an hour.",
        callback="Press {key} to be called back instead of waiting.",
        calls_back="We will call you back when it is your turn. Goodbye.",
        cannot_call_back="We cannot call back to your number. Please hold the line.",
        removed="This line has been closed. Goodbye.",
    ),
    "de": Phrases(
        first="Sie sind als Nächstes an der Reihe.",
        position="Sie sind an Platz {position} der Warteschlange.",
        beyond="Vor Ihnen warten mindestens {limit} Anrufer.",
        soon="Ihr Anruf wird in etwa einer Minute angenommen.",
        minutes="Ihr Anruf wird in etwa {minutes} Minuten angenommen.",
        longer="Ihr Anruf wird voraussichtlich erst in über einer Stunde angenommen.",
        callback="Drücken Sie {key}, damit wir Sie zurückrufen.",
        calls_back="Wir rufen Sie zurück, wenn Sie an der Reihe sind. Auf Wiederhören.",
        cannot_call_back="Wir können Ihre Nummer nicht zurückrufen. Bitte bleiben Sie am Apparat.",
        removed="Dieser Anschluss wurde geschlossen. Auf Wiederhören.",
        keys=("Stern", "Raute"),
    ),
    "fr": Phrases(
        first="Vous êtes le prochain.",
        position="Vous êtes en position {position} dans la file d'attente.",
        beyond="Au moins {limit} appelants attendent avant vous.",
        soon="Votre appel sera pris dans environ une minute.",
        minutes="Votre appel sera pris dans environ {minutes} minutes.",
        longer="Votre appel sera probablement pris dans plus d'une heure.",
        callback="Appuyez sur {key} pour être rappelé.",
        calls_back="Nous vous rappellerons quand ce sera votre tour. Au revoir.",
        cannot_call_back="Nous ne pouvons pas rappeler votre numéro. Veuillez patienter.",
        removed="Cette ligne a été fermée. Au revoir.",
        keys=("étoile", "dièse"),
    ),
    "es": Phrases(
        first="Usted es el siguiente.",
        position="Usted está en la posición {position} de la cola.",
        beyond="Hay al menos {limit} llamadas antes de la suya.",
        soon="Su llamada será atendida en aproximadamente un minuto.",
        minutes="Su llamada será atendida en aproximadamente {minutes} minutos.",
        longer="Su llamada será atendida probablemente en más de una hora.",
        callback="Pulse {key} para que le llamemos.",
        calls_back="Le llamaremos cuando sea su turno. Adiós.",
        cannot_call_back="No podemos llamar a su número. Por favor, espere.",
        removed="Esta línea se ha cerrado. Adiós.",
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


def place(phrases: Phrases, position: int, limit: int) -> str:
    """What the caller at this position, from 1, is told of it; those behind `limit` all the same.

    So there are few sentences, which all callers share: each has to be synthesised once.
    """
    if position > limit:
        return phrases.beyond.format(limit=limit)
    return phrases.first if position == 1 else phrases.position.format(position=position)


MINUTES = (*range(1, 11), 15, 20, 25, 30, 40, 50, 60)
"The waiting times that are told: a guess is no better for being exact."


def wait(phrases: Phrases, seconds: float) -> str:
    """How long a caller is likely to wait: the nearest of `MINUTES`, the longer one of two."""
    if seconds > 60 * MINUTES[-1]:
        return phrases.longer
    minutes = min(reversed(MINUTES), key=lambda each: abs(each - seconds / 60))
    return phrases.soon if minutes == 1 else phrases.minutes.format(minutes=minutes)
