import json

import pytest

from apps.channels.transports.chat import LONGEST_SECTION, ChatTransport, post

from .contract import NetworkContract, first, make_message
from .http_peer import HttpPeer


class ChatPeer(HttpPeer):
    def transport(self) -> ChatTransport:
        secrets = {"url": f"{self.server.url}/services/T0/B0/hush-hush"}
        return ChatTransport(config={}, secrets=secrets, answer_timeout=self.patience)


class TestChatTransport(NetworkContract):
    @pytest.fixture
    def peer(self, http_server, inner_hosts) -> ChatPeer:
        return ChatPeer(http_server)

    def test_posts_text_and_blocks(self, peer):
        first(peer, [make_message(address="", subject="Moved", text="Now on Tuesday.")])
        body = json.loads(peer.server.calls[0].body)
        assert body["text"] == "*Moved*\nNow on Tuesday."
        assert [block["text"]["text"] for block in body["blocks"]] == ["Moved", "Now on Tuesday."]

    def test_a_garbled_answer_brings_the_address_into_no_log(self, peer, messages, caplog):
        peer.server.script.append(b"HTTP/1.1 200 OK\r\nno header at all\r\nContent-Length: 2\r\n\r\nok")
        assert first(peer, messages).accepted
        assert "hush-hush" not in caplog.text

    def test_a_redirect_is_not_followed(self, peer, messages):
        peer.server.script.append((302, {"Location": f"{peer.server.url}/elsewhere"}, ""))
        assert first(peer, messages).error.code == "302"
        assert peer.received() == 1


@pytest.mark.parametrize(
    ("mark", "shown"),
    [
        ("<!channel>", "&lt;!channel&gt;"),
        ("<@U123>", "&lt;@U123&gt;"),
        ("<https://evil.example|our site>", "&lt;https://evil.example|our site&gt;"),
        ("&lt;!here&gt;", "&amp;lt;!here&amp;gt;"),
    ],
)
def test_marks_of_the_chat_are_shown_literally(mark, shown):
    body = post(make_message(subject=mark, text=mark))
    assert body["text"] == f"*{shown}*\n{shown}"
    assert body["blocks"][1]["text"]["text"] == shown


@pytest.mark.parametrize("mention", ["@channel", "@here", "@all", "@Everyone"])
def test_nobody_can_call_everybody(mention):
    assert mention not in post(make_message(text=f"Read this {mention}!"))["text"]


def test_an_address_is_left_whole():
    assert "help@all.example.org" in post(make_message(text="Write to help@all.example.org"))["text"]


def test_long_text_is_cut_into_sections_at_line_ends():
    text = "\n".join(["x" * 99] * 70)
    sections = [block["text"]["text"] for block in post(make_message(text=text))["blocks"][1:]]
    assert all(len(section) <= LONGEST_SECTION for section in sections)
    assert "\n".join(sections) == text


def test_an_escaped_sign_is_not_cut_in_two():
    sections = [block["text"]["text"] for block in post(make_message(text="<" * 2000))["blocks"][1:]]
    assert "".join(sections) == "&lt;" * 2000
    assert all(section.endswith("&lt;") for section in sections)
