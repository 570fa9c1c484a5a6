"""The brand: what may be saved, what is kept of it, and that no brand ever holds up a message."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.test import Client
from PIL import Image

from apps.accounts.models import AuditEvent
from apps.campaigns.branding import current_brand, save_brand
from apps.campaigns.content import gather
from apps.campaigns.content.looks import current_look, default_look
from apps.campaigns.forms.brand import BrandForm
from apps.campaigns.models import Brand, Logo
from apps.channels.models import ChannelKind
from tests.factories import NOW, make_channel, make_planner, make_template, make_touchpoint

from .admin_pages import INLINE

pytestmark = pytest.mark.django_db

PAGE = "/admin/campaigns/brand/"


def signed_in(**fields) -> Client:
    client = Client()
    client.force_login(make_planner(**fields))
    return client


def picture(width=900, height=300, kind="PNG", colour="navy"):
    written = BytesIO()
    Image.new("RGB", (width, height), colour).save(written, kind)
    return SimpleUploadedFile(f"logo.{kind.lower()}", written.getvalue())


def typed(**changes):
    values = {name: getattr(Brand(), name) for name in BrandForm.Meta.fields}
    return values | {"footer_en": "", "footer_fr": ""} | changes


def saved(**changes):
    answer = signed_in().post(PAGE, typed(**changes))
    assert answer.status_code == 302, answer.context["form"].errors
    return Brand.objects.get()


def letter():
    make_template(body="Soon")
    return gather(make_touchpoint(channel=make_channel(ChannelKind.EMAIL))).compiled("en", "UTC").render(None)


def test_letters_wear_the_brand_as_soon_as_it_is_saved():
    saved(name="Lima & Sons", light_accent="#7a1f5c", footer_en="Lima Ltd", address="1 Quay, Lyon")
    html = letter().html
    assert ">Lima &amp; Sons<" in html
    assert "4px solid #7a1f5c" in html
    assert "Lima Ltd" in html
    assert "1 Quay, Lyon" in html


def test_the_frame_is_compiled_when_the_brand_is_saved(monkeypatch):
    saved(name="Lima")
    monkeypatch.setattr("apps.campaigns.content.looks.compile_shell", lambda source: pytest.fail("compiled again"))
    assert ">Lima<" in letter().html


def test_a_frame_of_another_release_is_compiled_anew():
    saved(name="Lima")
    Brand.objects.update(shell="an old frame", shell_digest="of something else")
    assert ">Lima<" in letter().html


@pytest.mark.parametrize(
    "damage",
    [
        {"light_accent": "red"},
        {"dark_page": ""},
        {"footers": {"en": "qzxt900000qzx"}},
        {"footers": ["no", "mapping"]},
        {"name": "qzxbodyqzx"},
    ],
    ids=str,
)
def test_a_damaged_brand_never_stops_a_letter(damage, caplog):
    saved(name="Lima")
    Brand.objects.update(**damage)
    assert "Soon" in letter().html
    assert current_look() is default_look()
    assert "The brand cannot be used" in caplog.text


def test_a_damaged_frame_never_stops_a_letter(caplog):
    saved(name="Lima")
    Brand.objects.update(shell="<html>no place for anything</html>")
    assert "Soon" in letter().html
    assert "has no place for" in caplog.text


def test_an_unreadable_colour_is_refused_with_one_that_would_do():
    answer = signed_in().post(PAGE, typed(light_accent="#ffdd00"))
    text = answer.content.decode()
    assert "links in #ffdd00 are hard to read on #ffffff" in text
    assert "would do" in text
    assert not Brand.objects.exists()


def test_what_is_no_colour_is_refused():
    answer = signed_in().post(PAGE, typed(dark_sheet="navy"))
    assert "Write a colour like #1d5fa8." in answer.content.decode()


def test_reserved_letters_are_refused():
    assert "is reserved" in signed_in().post(PAGE, typed(name="qzx")).content.decode()


def test_a_logo_is_made_small_and_served_for_good():
    brand = saved(upload=picture(), name="Lima")
    assert (brand.logo.width, brand.logo.height) == (288, 96)
    url = f"https://preavis.test/logos/{brand.logo.digest}.png"
    assert f'src="{url}"' in letter().html
    answer = signed_in().get(f"/logos/{brand.logo.digest}.png")
    assert answer["Content-Type"] == "image/png"
    assert "immutable" in answer["Cache-Control"]
    assert Image.open(BytesIO(answer.content)).size == (288, 96)


def test_an_earlier_logo_stays_where_letters_point_at_it(client):
    first = saved(upload=picture()).logo
    second = saved(upload=picture(colour="red")).logo
    assert first.digest != second.digest
    assert client.get(f"/logos/{first.digest}.png").status_code == 200


def test_saving_without_a_picture_keeps_the_logo_and_a_tick_takes_it_away():
    logo = saved(upload=picture()).logo
    assert saved(name="Lima").logo == logo
    assert saved(forget_logo="on").logo is None
    assert Logo.objects.count() == 1


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "WEBP"])
def test_other_kinds_of_pictures_are_taken_too(kind):
    assert saved(upload=picture(kind=kind)).logo.width == 288


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (SimpleUploadedFile("logo.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>x</script></svg>'), "no picture"),
        (SimpleUploadedFile("logo.png", b"\x89PNG\r\n\x1a\nbroken"), "no picture"),
        (SimpleUploadedFile("logo.png", b"x" * (2 * 1024 * 1024 + 1)), "larger than 2 MB"),
        (picture(6000, 6000), "too many pixels"),
    ],
    ids=["svg", "broken", "large", "pixels"],
)
def test_what_is_no_picture_for_mails_is_refused(file, sentence):
    file.seek(0)
    assert sentence in signed_in().post(PAGE, typed(upload=file)).content.decode()
    assert not Brand.objects.exists()


def test_an_unknown_logo_is_not_there(client):
    assert client.get(f"/logos/{'0' * 64}.png").status_code == 404


def test_saving_is_recorded():
    saved(name="Lima")
    event = AuditEvent.objects.get(verb="brand.saved")
    assert event.detail["changes"] == {"name": ["", "Lima"], "footers": [{}, {"en": "", "fr": ""}]}
    assert event.actor is not None


def test_a_brand_that_somebody_else_has_saved_meanwhile_is_not_overwritten_unasked():
    seen = signed_in().get(PAGE).context["seen"]
    saved(name="Theirs")
    answer = signed_in().post(PAGE, typed(name="Mine", _seen=seen))
    assert "saved it since you opened this page" in answer.content.decode()
    assert Brand.objects.get().name == "Theirs"
    assert saved(name="Mine", _seen=answer.context["seen"]).name == "Mine"


def test_the_page_shows_a_letter_and_keeps_to_the_policy():
    answer = signed_in().get(PAGE)
    assert INLINE.search(answer.content.decode()) is None
    assert 'sandbox=""' in answer.content.decode()


@pytest.mark.parametrize(("scheme", "rule"), [("light", "@media not all"), ("dark", "@media all")])
def test_a_look_shows_what_is_typed_and_saves_nothing(scheme, rule):
    answer = signed_in().post(PAGE + "look/", typed(name="Not yet", scheme=scheme, upload=picture()))
    text = answer.content.decode()
    assert "data:image/png;base64," in text
    assert 'alt="Not yet"' in text
    assert rule in text
    assert "sandbox" in answer["Content-Security-Policy"]
    assert not Brand.objects.exists()
    assert not Logo.objects.exists()


def test_a_look_at_what_is_no_colour_says_so():
    assert "Write a colour like" in signed_in().post(PAGE + "look/", typed(light_text="#12")).content.decode()


def test_a_viewer_may_look_and_not_save():
    from django.contrib.auth.models import Permission

    viewer = signed_in(is_superuser=False)
    user = viewer.session["_auth_user_id"]
    Permission.objects.get(codename="view_brand").user_set.add(user)
    assert viewer.get(PAGE).status_code == 200
    assert viewer.post(PAGE, typed(name="Mine")).status_code == 403
    assert not Brand.objects.exists()


def test_a_stranger_sees_nothing():
    stranger = signed_in(is_superuser=False)
    assert stranger.get(PAGE).status_code == 403
    assert stranger.post(PAGE + "look/", typed()).status_code == 403


def test_there_is_one_brand():
    save_brand(Brand(name="One"), logo=None, actor=None, now=NOW)
    save_brand(current_brand(), logo=None, actor=None, now=NOW)
    with pytest.raises(IntegrityError):
        Brand.objects.create(pk=2)
