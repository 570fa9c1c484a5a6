from collections.abc import Sequence

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.common.labels import labelled

from ..metrics.funnel import FunnelStep, Stage
from ..report.reading import FUNNEL_WORDS
from ..wording import number, percent
from . import svg

WIDTH, ROW, BAR = 420, 46, 18


def funnel_chart(stages: Sequence[Stage]) -> SafeString:
    """One bar per step, all against the targeted; where no channel can tell there is no bar, not a bar of nothing."""
    most = max((stage.count for stage in stages), default=0) or 1
    rows = [part for position, stage in enumerate(stages) for part in _row(stage, position * ROW, most)]
    return svg.chart(
        "funnel",
        *rows,
        width=WIDTH,
        height=ROW * len(stages),
        title=_("From targeted to clicked"),
        description="; ".join(labelled(FUNNEL_WORDS[stage.step][0](), _words(stage)) for stage in stages),
    )


def _row(stage: Stage, top: int, most: int) -> list[SafeString]:
    known = stage.rate is not None
    parts = [
        svg.text(0, top + 13, FUNNEL_WORDS[stage.step][0](), "strong"),
        svg.text(WIDTH, top + 13, _words(stage), "" if known else "quiet", anchor="end"),
        svg.rect(0, top + 20, WIDTH, BAR, "track" if known else "track track-unknown", rx=3),
    ]
    if known and stage.count:
        parts.append(svg.rect(0, top + 20, WIDTH * stage.count / most, BAR, f"bar bar-{stage.step}", rx=3))
    return parts


def _words(stage: Stage) -> str:
    if stage.rate is None:
        return _("unknown")
    share = f" · {percent(stage.rate.share)}" if stage.rate.share is not None and stage.step != FunnelStep.TARGETED else ""
    return f"{number(stage.count)}{share}"
