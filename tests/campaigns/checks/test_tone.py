import pytest

from apps.campaigns.checks import lexicon
from apps.campaigns.checks.findings import Level
from apps.campaigns.checks.rules import Cause, Code

from .values import START, message, only, own_text, remarks, template, times

TONES = ("minimises", "blames", "promises", "vague")


def tone_of(text, language="en", *, range_is_announced=False):
    """Which tones a template with this body is told of, with what is quoted."""
    found = remarks(
        templates=[template(body=text, language=language)],
        messages=[],
        times=times() if range_is_announced else times(announced_ends_at=START),
    )
    return {remark.code: remark.values["quotes"] for remark in found if remark.code in TONES}


@pytest.mark.parametrize(
    ("language", "text", "tone"),
    [
        ("en", "There will be a small technical hiccup.", "minimises"),
        ("en", "A glitch, nothing to worry about.", "minimises"),
        ("en", "Expect a brief interruption of the checkout.", "minimises"),
        ("en", "It is just a routine restart.", "minimises"),
        ("en", "You won’t even notice.", "minimises"),
        ("en", "You won't even notice.", "minimises"),
        ("fr", "Un petit souci technique.", "minimises"),
        ("fr", "Une légère perturbation est possible.", "minimises"),
        ("fr", "Une interruption mineure.", "minimises"),
        ("fr", "Pas de panique, rien de grave.", "minimises"),
        ("fr", "C’est juste une mise à jour.", "minimises"),
        ("en", "Our hosting provider has failed again.", "blames"),
        ("en", "Due to a mistake of our hosting provider the shop is down.", "blames"),
        ("en", "We were attacked by hackers.", "blames"),
        ("en", "For reasons beyond our control we are closed.", "blames"),
        ("fr", "À cause de notre hébergeur, le site est arrêté.", "blames"),
        ("fr", "Suite à une panne chez notre prestataire.", "blames"),
        ("fr", "Des pirates nous ont visés.", "blames"),
        ("fr", "Pour une raison indépendante de notre volonté.", "blames"),
        ("en", "We will be back in no time.", "promises"),
        ("en", "The service will be restored immediately.", "promises"),
        ("en", "We are fixing it as soon as possible.", "promises"),
        ("fr", "Tout sera rétabli très vite.", "promises"),
        ("fr", "Nous sommes bientôt de retour.", "promises"),
        ("fr", "Retour à la normale dans les plus brefs délais.", "promises"),
        ("en", "The work takes place this weekend.", "vague"),
        ("en", "It starts soon and takes a few hours.", "vague"),
        ("en", "We work on it tonight.", "vague"),
        ("fr", "Les travaux ont lieu ce week-end.", "vague"),
        ("fr", "Les travaux ont lieu ce week‑end.", "vague"),
        ("fr", "Intervention prévue dans les prochains jours.", "vague"),
        ("fr", "La coupure dure quelques heures cette nuit.", "vague"),
    ],
)
def test_tone_is_known_by_its_words(language, text, tone):
    assert set(tone_of(text, language)) == {tone}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The briefing is on Monday. In short: the database is replaced."),
        ("en", "We move to another data centre, with a new hosting provider."),
        ("en", "Contact us immediately if something does not work."),
        ("en", "The simplest way is to call us. A minor version is skipped."),
        ("en", "Orders remain available online."),
        ("fr", "Nous changeons d’hébergeur et de centre de données."),
        ("fr", "Appelez-nous immédiatement si quelque chose ne fonctionne pas."),
        ("fr", "Les petites commandes sont traitées ; la version mineure suit."),
        ("fr", "Le service reste accessible en ligne."),
    ],
)
def test_plain_words_are_left_alone(language, text):
    assert tone_of(text, language) == {}


def test_words_are_quoted_with_their_line_and_lead_to_the_template():
    found = remarks(
        templates=[template(pk=12, body="Hello,\n\n{% if window.reason %}Why:\n{% endif %}a small\nhiccup")], messages=[]
    )

    (remark,) = found
    assert remark.values["quotes"] == ["small hiccup"]
    assert remark.values["lines"] == [4]
    assert (remark.target.cause, remark.target.pk, remark.target.line) == (Cause.TEMPLATE, 12, 4)


def test_what_stands_in_liquid_is_no_word_of_the_text():
    assert tone_of("{% comment %}a small\nhiccup{% endcomment %}{{ window.title | append: ' soon' }}") == {}
    assert tone_of("{% if window.reason %}a small hiccup{% endif %}") == {"minimises": ["small hiccup"]}


def test_vague_words_beside_an_exact_time_are_left_alone():
    assert tone_of("Starting soon: {{ window.title }}, {{ window.short_starts }}") == {}
    assert tone_of("Starting soon: {{ window.title }}\n{{ window.short_starts }}") == {"vague": ["soon"]}


def test_promise_with_a_range_is_an_estimate():
    text = "Back online shortly, {{ window.announced_duration }} in all."

    assert "promises" in tone_of(text)
    assert "promises" not in tone_of(text, range_is_announced=True)
    assert "promises" in tone_of("Back online shortly.", range_is_announced=True)


def test_promise_is_not_called_vague_as_well():
    assert tone_of("We will be back soon.") == {"promises": ["back soon"]}


def test_sentence_may_have_several_tones():
    assert set(tone_of("Due to a small hiccup of our hosting provider")) == {"minimises", "blames"}


def test_what_the_window_says_of_itself_is_judged_where_it_stands():
    remark = only(Code.VAGUE, own_texts=[own_text(effect="The shop is down\nthis weekend.")])

    assert remark.level is Level.WARN
    assert (remark.values["field"], remark.values["lines"]) == ("effect", [2])
    assert remark.target.query == {"language": "en", "field": "effect"}


def test_exact_time_typed_into_the_windows_texts_counts():
    assert remarks(own_texts=[own_text(effect="This weekend, Saturday 02:00 to 04:00, the shop is down.")]) == []


@pytest.mark.parametrize(
    ("language", "text", "count"),
    [
        ("en", "We are sorry for the interruption. Thank you.", 1),
        ("en", "We apologise. Sorry again!", 2),
        ("en", "Our apologies; please excuse the delay. We regret it.", 3),
        ("fr", "Veuillez nous excuser. Merci.", 1),
        ("fr", "Nous sommes désolés ; toutes nos excuses.", 2),
    ],
)
def test_apologies_are_counted_in_what_a_recipient_reads(language, text, count):
    said = message(text, template=template(language=language, body=text))
    found = [remark for remark in remarks(messages=[said], templates=[]) if remark.code is Code.APOLOGISES]

    assert [remark.values["count"] for remark in found] == ([count] if count > 1 else [])


def test_apology_of_the_window_adds_to_that_of_the_template():
    said = message(
        "We are sorry.\nWhy: sorry, the disk is full.", template=template(body="We are sorry.\nWhy: {{ window.reason }}")
    )
    (found,) = [remark for remark in remarks(messages=[said], templates=[]) if remark.code is Code.APOLOGISES]

    assert (found.values["count"], found.target.line) == (2, 1)


def test_every_language_lists_every_tone():
    for language in lexicon.languages():
        for tone in (*TONES, "apologises", "thanks", "help"):
            assert lexicon._tones(language)[tone].pattern, (language, tone)
    assert lexicon.languages() >= {"en", "fr"}


def test_language_without_a_lexicon_is_not_judged():
    assert tone_of("a small hiccup", "de") == {}
