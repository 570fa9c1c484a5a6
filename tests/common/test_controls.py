"""Controls that are written without the template engine read as Django's templates would have them."""

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from apps.common.controls import WRITERS, QuickRenderer

TRICKY = "a \"b\" <c> & 'd'"
CHOICES = [
    ("", "---------"),
    (1, 1_000),
    ("x", TRICKY),
    (TRICKY, gettext_lazy("Archive")),
    ("Group <1>", [("y", mark_safe("<b>bold</b>")), (None, "None")]),
]
ATTRS = {"id": "id_x", "required": True, "disabled": False, "data-n": 5, "class": TRICKY, "title": mark_safe("&lt;")}
WIDGETS = [
    *(forms.TextInput, forms.NumberInput, forms.EmailInput, forms.URLInput, forms.PasswordInput, forms.HiddenInput),
    *(forms.DateInput, forms.DateTimeInput, forms.TimeInput, forms.CheckboxInput, forms.Textarea, forms.Select),
    *(forms.NullBooleanSelect, forms.SelectMultiple, forms.RadioSelect, forms.ClearableFileInput),
]


@pytest.mark.parametrize("value", [None, "", TRICKY, mark_safe("<i>"), 0, 1, 1234.5, "x", True], ids=str)
@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: widget.__name__)
def test_a_control_is_the_same_text(widget, value):
    control = widget(choices=CHOICES) if widget in (forms.Select, forms.SelectMultiple, forms.RadioSelect) else widget()
    quick, usual = (control.render("name<", value, ATTRS, renderer=renderer()) for renderer in (QuickRenderer, DjangoTemplates))
    assert quick == usual
    assert hasattr(quick, "__html__")


def test_a_select_whose_options_have_a_template_of_their_own_is_djangos(settings):
    class Own(forms.Select):
        option_template_name = "django/forms/widgets/radio_option.html"

    control = Own(choices=CHOICES)
    assert control.render("x", "x", renderer=QuickRenderer()) == control.render("x", "x", renderer=DjangoTemplates())


class Form(forms.Form):
    name = forms.CharField(label=TRICKY, help_text="Why")
    kind = forms.ChoiceField(choices=CHOICES, required=False)


@pytest.mark.parametrize("data", [None, {"name": ""}, {"name": "Ana"}], ids=["empty", "wrong", "right"])
def test_a_form_with_labels_and_errors_is_the_same_text(data):
    quick, usual = (str(Form(data, renderer=renderer())) for renderer in (QuickRenderer, DjangoTemplates))
    assert quick == usual


@pytest.mark.parametrize("tag", [None, "legend"])
def test_a_label_is_the_same_text(tag):
    quick, usual = (
        Form(renderer=renderer())["name"].label_tag(attrs={"class": "required"}, tag=tag)
        for renderer in (QuickRenderer, DjangoTemplates)
    )
    assert quick == usual


def test_every_template_that_is_written_here_is_one_of_djangos():
    assert all(DjangoTemplates().get_template(name) for name in WRITERS)
