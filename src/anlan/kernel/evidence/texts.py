"""Sentences for why a text that somebody sent is not taken."""

from __future__ import annotations

from django.utils.translation import gettext as _

from anlan.formats.faults import Fault


def of_fault(fault: Fault, *, pdf: bool) -> str:
    """Why a file is not taken, and what to do. `pdf`: PDF with text is taken where this is said."""
    why = fault.why
    match fault.code:
        case "too_large":
            return _("The file is larger than %(mb)d MB. Leave out its pictures, or divide it.") % {
                "mb": int(str(why.get("limit", 0))) >> 20
            }
        case "empty_file":
            return _("There is no text in it.")
        case "no_text_layer":
            return _(
                "The %(pages)s pages of this PDF are pictures of paper without text. Send the Word file or the text "
                "of the page; nothing is guessed from pictures."
            ) % {"pages": why.get("pages")}
        case "too_many_pages":
            return _("The PDF has %(pages)s pages; at most %(limit)s are taken. Divide it.") % {
                "pages": why.get("pages"), "limit": why.get("limit"),
            }  # fmt: skip
        case "broken_pdf":
            return _("The PDF is damaged on page %(page)s. Print it to a new PDF, or send the Word file.") % {
                "page": why.get("page")
            }
        case "unsupported" if why.get("found") in ("doc", "rtf"):
            return _("Word files of the old kind (.doc, .rtf) are not read. Save it as .docx and send that.")
        case "unsupported" if pdf:
            return _("Only text (.txt), HTML, Word (.docx) and PDF are read; this file is something else.")
        case "unsupported" if why.get("found") == "pdf":
            return _("A PDF holds pages and no clauses. Copy its text into the field below, or send a .docx.")
        case "unsupported":
            return _("Only text (.txt, .md), HTML and Word (.docx) are read; this file is something else.")
        case "unknown_encoding":
            return _("Line %(line)s is neither UTF-8 nor GB18030. Save the file as UTF-8 and send it again.") % {
                "line": why.get("line", "?")
            }
        case "macros":
            return _("The Word file holds macros. Save it as .docx without macros.")
        case "encrypted":
            return _("The file is protected by a password. Save it without one.")
        case "text_too_long":
            return _("The text has more than %(n)s signs. Divide it into several documents.") % {"n": why.get("limit")}
        case "too_slow" | "too_much_memory" | "zip_bomb" | "too_large_unpacked" | "too_many_parts" | "too_deep":
            return _("The file needs more time or memory than a document does; reading was stopped. Save it anew.")
        case "doctype":
            return _("The Word file declares a document type, which no word processor does. It is not taken.")
        case _:
            return _("The file is damaged and cannot be read. Open it in a word processor and save it as .docx.")
