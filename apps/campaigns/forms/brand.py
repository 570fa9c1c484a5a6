"""What a brand may be: colours that can be read, words that letters can carry, a picture that mail programs show."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.common.text import clean_text, one_line

from ..branding import contrast_problems
from ..content.colours import is_colour
from ..content.slots import RESERVED
from ..languages import language_name
from ..logos import logo_png
from ..models import Brand

COLOURS = tuple(f"{scheme}_{part}" for scheme in ("light", "dark") for part in ("accent", "text", "sheet", "page"))
FOOTER = "footer_"
LONGEST_FOOTER = 500


class BrandForm(forms.ModelForm):
    """`picture` after validation: the new logo as PNG with its width and height, or None."""

    upload = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_("PNG, JPEG, GIF or WebP. It is made small enough for e-mails, and served from an address of this site."),
        widget=forms.ClearableFileInput(attrs={"accept": "image/png,image/jpeg,image/gif,image/webp"}),
    )
    forget_logo = forms.BooleanField(label=_("Show the name instead of the logo"), required=False)
    picture: tuple[bytes, int, int] | None = None

    class Meta:
        model = Brand
        fields = ("name", "address", *COLOURS)
        widgets = {
            "address": forms.Textarea(attrs={"rows": 3}),
            **{name: forms.TextInput(attrs={"class": "colour", "size": 9, "spellcheck": "false"}) for name in COLOURS},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, _name in settings.LANGUAGES:
            self.fields[FOOTER + code] = forms.CharField(
                label=gettext("Foot of the e-mails in %(language)s") % {"language": language_name(code)},
                required=False,
                max_length=LONGEST_FOOTER,
                initial=dict(self.instance.footers).get(code, ""),
                widget=forms.Textarea(attrs={"rows": 3, "lang": code}),
            )
        if self.instance.logo_id is None:
            del self.fields["forget_logo"]

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def clean_upload(self) -> Any:
        file = self.cleaned_data["upload"]
        if file:
            self.picture = logo_png(file)
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in ("name", "address", *(name for name in self.fields if name.startswith(FOOTER))):
            if RESERVED in data.get(name, ""):
                self.add_error(name, gettext("“%(letters)s” is reserved") % {"letters": RESERVED})
        return data

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        brand: Brand = self.instance
        brand.footers = {code: clean_text(self.cleaned_data.get(FOOTER + code, "")).strip() for code, _name in settings.LANGUAGES}
        if self.cleaned_data.get("forget_logo"):
            brand.logo = None
        if all(is_colour(getattr(brand, name)) for name in COLOURS):
            for name, sentence in contrast_problems(brand):
                self.add_error(name, ValidationError(sentence))
