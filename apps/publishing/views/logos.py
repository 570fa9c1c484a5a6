"""The pictures in e-mails, under addresses that never change what they show."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from apps.campaigns.models import Logo


@require_safe
def logo(request: HttpRequest, digest: str) -> HttpResponse:
    """Named by its content, so that whoever has fetched it once need not ask again; known to everybody who was ever written to."""
    content = Logo.objects.filter(digest=digest).values_list("content", flat=True).first()
    if content is None:
        raise Http404(digest)
    response = HttpResponse(bytes(content), content_type="image/png")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # mail programs in a browser show it on their own pages
    return response
