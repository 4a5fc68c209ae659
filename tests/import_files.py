"""Files of prices and of tasks as people's programs write them, right and wrong."""

PRICE_FILES = {
    "plain": b"name,price\nKefir,1.35\nTea,2\n",
    "all columns": b"name,price,currency,unit\nKefir,1.35,EUR,bottle\nRice,120,JPY,\n",
    "capitals in the header": b"Name,PRICE\r\nKefir,1.35\r\n",
    "spaces in the header": b' name ,"Price "\nKefir,1.35\n',
    "rows of commas": b"name,price\r\n,\r\nKefir,1.35\r\n,\r\n , \r\n,,,\r\n",
    "a row of commas first": b",,\r\n\r\nname,price\r\nKefir,1.35\r\n",
    "trailing commas": b"name,price,,\nKefir,1.35,,\nTea,2,\n,,,,,\n",
    "a column without a name": b"name,,price\nKefir,,1.35\n",
    "fewer cells than columns": b"name,price,unit\nKefir,1.35\n",
    "CR alone": b"name,price\rKefir,1.35\rTea,2\r",
    "decimal commas": b"\xef\xbb\xbfname;price\r\nK\xc3\xa4se;1,35\r\n",
    "thousands": b'name,price\r\nFridge,"1,299.00"\r\n',
    "thousands with points": b"name;price\nFridge;1.299,00\nTea;2,10\n",
    "thousands with spaces": "name;price\nFridge;1\N{NO-BREAK SPACE}299,00\n".encode(),
    "what may be thousands": b'name,price\nFridge,"1,299"\n',
    "two decimal marks": b'name,price\na,"1,5"\nb,1.5\n',
    "tabs": b"name\tprice\nKefir\t1.35\n",
    "bars": b"name|price\nKefir|1.35\n",
    "a delimiter that is told": b"sep=;\r\nname;price\r\nKefir;1.35\r\n",
    "quotes and line breaks": b'name,price,unit\n"nuts, ""salted""",2.50,"a\nbag"\n',
    "a name twice": b"name,price\nTea,1\ntea,2\n",
    "soft hyphens": b"name,price\nCof\xc2\xadfee,3.10\n",
    "Windows-1252": b"name,price\r\nK\xe4se,1.35\r\n",
    "UTF-16": "name,price\na,1\n".encode("utf-16"),
    "a workbook": b"PK\x03\x04\x14\0",
    "nothing": b"",
    "nothing but commas": b"\n,,\n;\n",
    "another name": b"item,price\na,1\n",
    "a value without a column": b"name,price\nwine,1,50\n",
    "an unknown column": b"name,price,currncy\na,1,EUR\n",
    "an open quote": b'name,price\na,1\n"b,1\nc,1\n',
    "wrong rows": b"name,price,currency\nkiwi,0.35,EUR\nfig,much,EUR\n,1,EUR\nb,1,XXX\n",
}


def calendar(*entries, version="2.0", end="\r\n"):
    """Return a calendar with these entries, each the lines of a VTODO."""
    lines = ["BEGIN:VCALENDAR", f"VERSION:{version}", "PRODID:-//x//y//EN"]
    for number, entry in enumerate(entries):
        own = [] if any(line.startswith("UID") for line in entry) else [f"UID:{number}@x"]
        lines += ["BEGIN:VTODO", *own, "DTSTAMP:20260101T000000Z", *entry, "END:VTODO"]
    return end.join([*lines, "END:VCALENDAR", ""]).encode()


_SERIES = ("RRULE:FREQ=WEEKLY", "DTSTART;TZID=Europe/Paris:20300107T090000")
_FIRST = "TZID=Europe/Paris:20300107T090000"

CALENDAR_FILES = {
    "a name": calendar(["SUMMARY:Milk"]),
    "a day": calendar(["SUMMARY:Milk", "DUE;VALUE=DATE:20301224"]),
    "a moment": calendar(["SUMMARY:Milk", "DUE:20301224T180000Z"]),
    "a time in a zone": calendar(["SUMMARY:Milk", "DUE;TZID=Europe/Berlin:20300701T120000"]),
    "a time in no zone": calendar(["SUMMARY:Milk", "DUE:20300701T120000"]),
    "a zone of Windows": calendar(
        ["SUMMARY:Milk", "DUE;TZID=Romance Standard Time:20300701T120000"]
    ),
    "a zone by its display": calendar(
        ["SUMMARY:x", 'DUE;TZID="(UTC+01:00) Amsterdam, Berlin, Rome":20300701T120000']
    ),
    "a zone of Exchange": calendar(["SUMMARY:x", "DUE;TZID=tzone://Microsoft/Utc:20300701T120000"]),
    "an unknown zone": calendar(["SUMMARY:x", "DUE;TZID=Nowhere:20300701T120000"]),
    "a time in a gap": calendar(["SUMMARY:x", "DUE;TZID=Europe/Berlin:20300331T023000"]),
    "a lone start": calendar(["SUMMARY:x", "DTSTART;VALUE=DATE:20300105"]),
    "a duration": calendar(["SUMMARY:x", "DTSTART:20300105T100000Z", "DURATION:PT2H"]),
    "done": calendar(["SUMMARY:x", "STATUS:COMPLETED", "COMPLETED:20200501T120000Z"]),
    "done in no zone": calendar(["SUMMARY:x", "STATUS:COMPLETED", "COMPLETED:20200501T120000"]),
    "done on a day": calendar(["SUMMARY:x", "STATUS:COMPLETED", "COMPLETED;VALUE=DATE:20200501"]),
    "done at an unknown time": calendar(
        ["SUMMARY:x", "STATUS:COMPLETED", "LAST-MODIFIED:20200502T100000Z"]
    ),
    "open with an empty COMPLETED": calendar(["SUMMARY:x", "STATUS:NEEDS-ACTION", "COMPLETED:"]),
    "open with a future COMPLETED": calendar(
        ["SUMMARY:x", "STATUS:NEEDS-ACTION", "COMPLETED:20990101T000000Z"]
    ),
    "cancelled": calendar(["SUMMARY:x", "STATUS:CANCELLED"]),
    "a series": calendar(["SUMMARY:Water", *_SERIES, f"DUE;{_FIRST}"]),
    "a series with its first done": calendar(
        ["UID:r", "SUMMARY:Water", *_SERIES, f"DUE;{_FIRST}"],
        [
            "UID:r",
            "SUMMARY:Water",
            f"RECURRENCE-ID;{_FIRST}",
            f"DUE;{_FIRST}",
            "STATUS:COMPLETED",
            "COMPLETED:20300107T081500Z",
        ],
    ),
    "an entry twice": calendar(["UID:a", "SUMMARY:one"], ["UID:a", "SUMMARY:one"]),
    "a note alone": calendar([r"DESCRIPTION:call mum\nabout sunday", "DUE;VALUE=DATE:20300101"]),
    "a long name": calendar(["SUMMARY:" + "long " * 80]),
    "a long note": calendar(
        ["SUMMARY:x", f'DESCRIPTION;ALTREP="data:,{"%20" * 4_000}":call the broker']
    ),
    "escapes and folds": calendar([r"SUMMARY:Milk\, eggs\; and", r"  tea", r"DESCRIPTION:a\\b\nc"]),
    "alarms and attendees": calendar(
        [
            "SUMMARY:x",
            "ATTENDEE:mailto:bob@example.com",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "TRIGGER:-PT1H",
            "END:VALARM",
        ]
    ),
    "CR alone": calendar(["SUMMARY:Milk", "DUE;VALUE=DATE:20301224"], end="\r"),
    "vCalendar 1.0": calendar(
        ["SUMMARY;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:K=C3=A4se", "DUE:20300105T100000Z"],
        version="1.0",
    ),
    "a day that there is not": calendar(["SUMMARY:x", "DUE;VALUE=DATE:20300230"]),
    "no calendar": b"name,due_date\nMilk,2030-12-24\n",
    "half a calendar": b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTODO\r\nSUMMARY:x\r\n",
    "nothing": b"",
}
