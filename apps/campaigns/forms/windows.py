"""What planners fill in about a window."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.doors.choices import offer_active
from apps.accounts.models import User
from apps.windows.models import Impact, MaintenanceWindow, Service

from ..drafts import Draft
from ..models import Campaign, Playbook
from ..wishes import TEXTS, Wish
from .fields import ChoicesField, text_field
from .periods import PeriodForm, period_initial


class WindowForm(PeriodForm):
    """A new window, or a draft that is being changed: five fields and a playbook, the rest may stay as it is."""

    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=140,
        help_text=gettext_lazy("What is being done, in words a customer understands."),
    )
    services = ChoicesField(
        label=gettext_lazy("Services"),
        queryset=Service.objects.all(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Name at least one service that the work touches.")},
    )
    impact = forms.ChoiceField(label=gettext_lazy("Impact"), choices=Impact.choices, initial=Impact.OUTAGE)
    playbook = forms.ModelChoiceField(label=gettext_lazy("Playbook"), queryset=Playbook.objects.all(), empty_label=None)

    language = forms.ChoiceField(label=gettext_lazy("Language of the texts"), choices=settings.LANGUAGES)
    reason = text_field(gettext_lazy("Reason"), gettext_lazy("Why the work is needed."))
    effect = text_field(gettext_lazy("Effect"), gettext_lazy("What does not work meanwhile, and what still does."))
    alternatives = text_field(gettext_lazy("Alternatives"), gettext_lazy("What people can do instead meanwhile."))
    translation_language = forms.ChoiceField(
        label=gettext_lazy("Language of the translation"), choices=settings.LANGUAGES, required=False
    )
    translation_title = forms.CharField(label=gettext_lazy("Translated title"), max_length=140, required=False)
    translation_reason = text_field(gettext_lazy("Translated reason"))
    translation_effect = text_field(gettext_lazy("Translated effect"))
    translation_alternatives = text_field(gettext_lazy("Translated alternatives"))
    heavy_traffic = forms.BooleanField(
        label=gettext_lazy("Heavy or real-time traffic"),
        required=False,
        help_text=gettext_lazy("Customers get e-mail even when the work is short."),
    )
    starts_automatically = forms.BooleanField(
        label=gettext_lazy("Starts by itself"),
        required=False,
        initial=True,
        help_text=gettext_lazy(
            "At the planned start the window is taken as begun. Switched off, the start notice waits for a person."
        ),
    )
    owner = forms.ModelChoiceField(
        label=gettext_lazy("Owner"),
        queryset=User.objects.filter(is_staff=True, is_active=True),
        required=False,
        empty_label=gettext_lazy("Nobody"),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        translated = any(data.get(f"translation_{name}") for name in TEXTS)
        if translated and data.get("translation_language") == data.get("language"):
            self.add_error("translation_language", _("The translation is in the language of the texts: choose another one."))
        return data

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        playbook: Playbook | None = self.initial.get("playbook")
        offer_active(self.fields["playbook"], chosen=[playbook.pk] if playbook else [])
        offer_active(self.fields["services"], chosen=[service.pk for service in self.initial.get("services", ())])

    def wish(self, *, existing: MaintenanceWindow | None = None) -> Wish | None:
        """What can be planned of what was typed so far; nothing while start, duration or playbook are missing."""
        data = getattr(self, "cleaned_data", {})
        if self.period is None or data.get("playbook") is None:
            return None
        window = self.period.as_plan_window(
            time_zone=data["time_zone"],
            now=self.now,
            heavy_traffic=bool(data.get("heavy_traffic")),
            starts_automatically=bool(data.get("starts_automatically")),
        )
        texts = {
            data.get("translation_language", ""): {name: data.get(f"translation_{name}", "") for name in TEXTS},
            data.get("language", ""): {name: data.get(name, "") for name in TEXTS},
        }
        return Wish(
            window=window,
            impact=data.get("impact") or Impact.OUTAGE,
            services=list(data.get("services") or ()),
            playbook=data["playbook"],
            language=data.get("language") or self.initial.get("language", ""),
            texts={language: own for language, own in texts.items() if language},
            notes=self.period.notes,
            existing=existing,
        )

    @property
    def draft(self) -> Draft:
        """Of a valid form: what to write."""
        data = self.cleaned_data
        assert self.period is not None
        translation = {name: data[f"translation_{name}"] for name in TEXTS}
        return Draft(
            services=list(data["services"]),
            starts_at=self.period.starts_at,
            ends_at=self.period.ends_at,
            announced_ends_at=self.period.announced_ends_at,
            time_zone=data["time_zone"],
            impact=data["impact"],
            heavy_traffic=data["heavy_traffic"],
            starts_automatically=data["starts_automatically"],
            language=data["language"],
            texts={name: data[name] for name in TEXTS},
            translation_language=data["translation_language"],
            translation=translation if any(translation.values()) else {},
            playbook=data["playbook"],
            owner=data["owner"],
        )


def new_window_initial(user: User) -> dict[str, Any]:
    """Proposals for a new window: the planner's own zone and language."""
    others = [code for code, _name in settings.LANGUAGES if code != user.language]
    return {
        "time_zone": user.time_zone,
        "language": user.language,
        "translation_language": others[0] if others else user.language,
        "playbook": Playbook.objects.active().first(),
        "owner": user,
    }


def draft_initial(campaign: Campaign) -> dict[str, Any]:
    """A draft as it stands, for the fields of WindowForm."""
    window = campaign.window
    others = [code for code, _name in settings.LANGUAGES if code != window.language]
    translation = window.translations.exclude(language=window.language).order_by("pk").first()
    initial = period_initial(window) | {name: getattr(window, name) for name in (*TEXTS, "impact", "language")}
    initial |= {"heavy_traffic": window.heavy_traffic, "starts_automatically": window.starts_automatically}
    initial |= {"services": window.services.all(), "playbook": campaign.playbook, "owner": campaign.owner}
    initial["translation_language"] = translation.language if translation else next(iter(others), window.language)
    return initial | {f"translation_{name}": getattr(translation, name, "") for name in TEXTS}
