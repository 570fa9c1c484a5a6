"""The mailbox's pages as text. Whatever comes out of a message passes through `escape`; its HTML never stands in a page."""

from collections.abc import Iterable
from datetime import datetime
from html import escape
from urllib.parse import urlencode

from .parse import Parsed
from .store import Page, Row

VIEWS = {"html": "As a mail program shows it", "text": "Plain text", "headers": "Headers", "source": "Source"}


def listing(page: Page, *, query: str, newest: int) -> str:
    return _document(
        title="Mailbox",
        body=f"""
<main data-newest="{newest}">
  <h1>Mailbox</h1>
  <p class="note">Every message this demo sends arrives here, and nowhere else.</p>
  <form class="search" role="search" action="/">
    <label for="q">Recipient or subject</label>
    <input id="q" name="q" type="search" value="{escape(query)}">
    <button>Search</button>
  </form>
  <p id="arrived" role="status"></p>
  {_table(page, query)}
  {_paging(page, query)}
</main>""",
    )


def message(row: Row, parsed: Parsed, *, view: str, source: str) -> str:
    return _document(
        title=row.subject or "Without a subject",
        body=f"""
<main>
  <p><a href="/">← All messages</a></p>
  <h1>{_subject(row)}</h1>
  <dl class="facts">
    <div><dt>From</dt><dd>{escape(_header(parsed, "from") or row.sender)}</dd></div>
    <div><dt>To</dt><dd>{escape(row.recipients)}</dd></div>
    <div><dt>Received</dt><dd>{_time(row.received_at)}</dd></div>
  </dl>
  <nav aria-label="Views of this message"><ul class="tabs">{_tabs(row, view)}</ul></nav>
  {_view(row, parsed, view=view, source=source)}
</main>""",
    )


def sorry(title: str, sentence: str) -> str:
    return _document(
        title=title, body=f'<main><h1>{escape(title)}</h1><p>{escape(sentence)}</p><p><a href="/">All messages</a></p></main>'
    )


def _document(*, title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · Preavis mailbox</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/mailbox.css">
<script src="/mailbox.js" defer></script>
</head>
<body>{body}</body>
</html>
"""


def _table(page: Page, query: str) -> str:
    if not page.rows:
        nothing = f"No message matches “{escape(query)}”." if query else "No message yet. The next touchpoint brings some."
        return f'<p class="empty">{nothing}</p>'
    return f"""<table>
  <caption>{page.total:,} {"message" if page.total == 1 else "messages"}, the newest first</caption>
  <thead><tr><th scope="col">Received</th><th scope="col">To</th><th scope="col">Subject</th></tr></thead>
  <tbody>{"".join(map(_table_row, page.rows))}</tbody>
</table>"""


def _table_row(row: Row) -> str:
    link = f'<a href="/messages/{row.id}">{_subject(row)}</a>'
    return f"<tr><td>{_time(row.received_at)}</td><td>{escape(row.recipients)}</td><td>{link}</td></tr>"


def _paging(page: Page, query: str) -> str:
    if page.count == 1:
        return ""
    newer = _page_link(page.number - 1, query, "← Newer", "prev") if page.number > 1 else ""
    older = _page_link(page.number + 1, query, "Older →", "next") if page.number < page.count else ""
    return f'<nav class="paging" aria-label="Pages">{newer}<span>Page {page.number} of {page.count}</span>{older}</nav>'


def _page_link(number: int, query: str, label: str, rel: str) -> str:
    address = "/?" + urlencode({"q": query, "page": number} if query else {"page": number})
    return f'<a rel="{rel}" href="{escape(address)}">{label}</a>'


def _tabs(row: Row, view: str) -> str:
    return "".join(
        f'<li><a href="/messages/{row.id}?view={name}"{_current(name == view)}>{label}</a></li>' for name, label in VIEWS.items()
    )


def _current(yes: bool) -> str:
    return ' aria-current="page"' if yes else ""


def _view(row: Row, parsed: Parsed, *, view: str, source: str) -> str:
    if view == "html" and parsed.html:
        return f'<iframe title="The message" sandbox="allow-popups allow-popups-to-escape-sandbox" src="/messages/{row.id}/html"></iframe>'
    if view == "headers":
        return f'<dl class="headers">{_facts(parsed.headers)}</dl>'
    text = source if view == "source" else parsed.text
    note = '<p class="note">This message has no HTML part.</p>' if view == "html" else ""
    return f'{note}<pre tabindex="0" aria-label="{escape(VIEWS[view])}">{escape(text)}</pre>'


def _facts(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs)


def _header(parsed: Parsed, wanted: str) -> str:
    return next((value for name, value in parsed.headers if name.lower() == wanted), "")


def _subject(row: Row) -> str:
    return escape(row.subject) or "<i>Without a subject</i>"


def _time(instant: datetime) -> str:
    return f'<time datetime="{instant.isoformat()}">{instant:%Y-%m-%d %H:%M:%S} UTC</time>'
