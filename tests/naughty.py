"""Naughty strings by kind: texts that have broken one program or another."""

KINDS = {
    "white space": [
        "", " ", "  x  ", "\t", "\n", "\r\n", "x\ty\nz\r", "\v\f", "\u00a0x\u00a0", "\u1680",
        "\u2003\u2009", "\u2028x\u2029", "\u202f\u205f", "\u3000x\u3000", "\x1c\x1d\x1e\x1f", "\x85",
    ],
    "nothing to see": [
        "\u200b", "x\u200by", "\u200c\u200d", "\u2060", "\ufeff", "\ufeffx", "x\ufeff", "\u00ad",
        "\u180e", "\u3164", "\u115f\u1160", "\u2800", "\U000e0041\U000e0042\U000e007f", "\ufe0f",
    ],
    "control": [
        "\0", "a\0b", "\x01\x02\x03", "\x07\x08", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x7f",
        "\x80\x9f", "\x1a", "\ufff9a\ufffab\ufffb",
    ],
    "no characters": [
        "\ud800", "\udfff", "\udc00\ud800", "a\ud83d", "\ufffe", "\uffff", "\U0001fffe\U0010ffff",
        "\ufdd0\ufdef", "\ufffd", "\ue000\uf8ff", "\U0010fffd",
    ],
    "direction": [
        "\u202etxt.exe", "\u202ax\u202cy", "\u2066a\u2067b\u2068c\u2069", "\u200f\u200e\u061c",
        "שלום", "مرحبا بالعالم", "abc אבג 123 دهو", "\u202e\u202d" * 20,
    ],
    "marks": [
        "e\u0301", "\u00e9", "\u0301", "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f", "x" + "\u0336" * 60,
        "\u1e9b\u0323", "A\u030a \u212b \u00c5", "\u0e33\u0e49", "\u0f71\u0f72\u0f74", "각 \u1100\u1161\u11a8",
    ],
    "emoji": [
        "👍", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇫", "1️⃣", "🧑🏿‍🚀" * 10, "❤️\u200d🔥", "\u200d", "🏴\U000e0067\U000e0062\U000e007f",
    ],
    "letters": [
        "ß ẞ ſ İ ı ŉ ǰ ΐ", "ﬁ ﬀ ㎏ ½ ² Ⅷ ①", "Ω \u2126", "ｆｕｌｌ　ｗｉｄｔｈ", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "中文 日本語 한국어", "ไทย हिन्दी",
        "\U00020000\U0002a6d6", "\ufdfa", "\ufdfa" * 40, "ﷺ﷽", "аdmin", "ΑΒΓ ς σ", "Ǆ ǅ ǆ", "\u0345",
    ],
    "numbers": [
        "0", "-0", "1e309", "NaN", "Infinity", "-inf", "0x10", "1_000", "１２３", "٣", "9" * 40, "1,5", "null",
        "undefined", "None", "true", "false", "nil", "NULL", "(null)", "[]", "{}", "[object Object]", "\\N",
    ],
    "SQL": [
        "'", "''", "' OR '1'='1", "'; DROP TABLE task; --", '" OR ""="', "1; SELECT pg_sleep(9)", "%' --", "%", "_",
        "\\'", "/*", "x' UNION SELECT secret FROM token --", "$1 :name %(x)s ?", "E'\\000'", "{1,2}", '{"',
    ],
    "markup": [
        "<script>alert(1)</script>", "</script>", "<img src=x onerror=alert(1)>", "<b>&amp;</b> &#0; &lt;", "]]>",
        "<!--", "<![CDATA[x]]>", "javascript:alert(1)", '"><svg/onload=alert(1)>', "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>",
    ],
    "templates": [
        "{{7*7}}", "{% raw %}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{0}", "{name}", "{self.__class__}", "%s%s%s%n", "%d",
        "%(name)s", "$HOME", "`id`", "$(id)", "${jndi:ldap://127.0.0.1:1/x}", "__proto__", "constructor", "__class__",
    ],
    "paths": [
        ".", "..", "../../etc/passwd", "..\\..\\x", "/etc/passwd", "file:///etc/passwd", "C:\\CON", "NUL", "aux.txt",
        "a/b", "//x", "%2e%2e%2f", "%00", "%zz", "+", "a?b#c", "~root", "con:", "x;y", "a&b=c",
    ],
    "lines": [
        "x\r\nX-Injected: yes", "x\nX-Injected: yes", "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "x\u2028y", "a\rb", "\n" * 100,
        "BEGIN:VTODO\r\nEND:VTODO", "x\r\n y", "data: x\n\nevent: y", "\x1e{}\n",
    ],
    "quoting": [
        '"', '""', "\\", "\\\\", '\\"', "\\u0000", "\\n", "=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "a,b;c\td",
        '"a","b"', "'=1", "x\\,y\\;z", "\\x00",
    ],
    "words": [
        "login", "logout", "admin", "me", "import", "batch", "total", "new", "tasks", "id", "msg", "posted", "-", "*",
    ],
    "length": ["x" * 255, "x" * 256, "é" * 255, "👍" * 255, "x" * 10_000, "x" * 10_001, "a " * 20_000, "\u0300" * 300],
}  # fmt: skip
"""Texts by their kind; those with lone surrogates can be written as JSON escapes only."""
