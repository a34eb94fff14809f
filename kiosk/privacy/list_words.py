"""The list's closed sets in words of each language. A period is always drawn from its number, never written out."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from kiosk.privacy.data_list import DataProtectionList, Element, LanguageNotListedError, Leaves, Source, Viewer
from kiosk.privacy.retention import Retention, RetentionEnd, StoredRecord

_Member = TypeVar("_Member", bound=StrEnum)

_SOURCES: Mapping[str, Mapping[Source, str]] = {
    "en": {source: source.value for source in Source},
    "zh": {
        Source.DOCUMENT: "证件",
        Source.DOCUMENT_CAMERA: "证件摄像头",
        Source.FACE_CAMERA: "人脸摄像头",
        Source.CUSTOMER: "客户",
        Source.KIOSK: "本机",
        Source.BANK: "银行",
    },
}
_VIEWERS: Mapping[str, Mapping[Viewer, str]] = {
    "en": {viewer: "IT" if viewer is Viewer.IT else viewer.value for viewer in Viewer},
    "zh": {
        Viewer.NOBODY: "无人",
        Viewer.CUSTOMER: "客户本人",
        Viewer.TELLER: "柜员",
        Viewer.AUDITOR: "审计人员",
        Viewer.IT: "技术人员",
        Viewer.BANK: "银行",
    },
}
_PLACES: Mapping[str, Mapping[Leaves, str]] = {
    "en": {
        Leaves.NEVER: "Stays on this kiosk",
        Leaves.TO_THE_BANK: "Sent to the bank",
        Leaves.WITH_THE_CUSTOMER: "Goes with you, on paper or as a code to photograph",
        Leaves.IN_BACKUPS: "Stays on this kiosk, but for backups that only the bank can read",
    },
    "zh": {
        Leaves.NEVER: "不离开本机",
        Leaves.TO_THE_BANK: "发送至银行",
        Leaves.WITH_THE_CUSTOMER: "由您带走（纸质或二维码）",
        Leaves.IN_BACKUPS: "留存本机；备份中另有一份，只有银行能够读取",
    },
}


def place_of(element: Element, language: str) -> str:
    """Whether it stays, in words; raise `LanguageNotListedError`."""
    return _words(_PLACES, language)[element.leaves]


def source_of(element: Element, language: str) -> str:
    """Where it comes from, in words."""
    return _words(_SOURCES, language)[element.source]


def viewers_of(element: Element, language: str) -> str:
    """Who may see it, in words."""
    comma = ", " if language == "en" else "、"
    return comma.join(_words(_VIEWERS, language)[viewer] for viewer in element.who)


def application_period(data_list: DataProtectionList, language: str) -> str:
    """For how long an application is kept at most, in words that stand in a sentence."""
    kept = (element for element in data_list.kept_elements if element.record is StoredRecord.APPLICATION)
    days = next(kept).retention.working_days or 0
    return f" {days} 个工作日" if language == "zh" else _counted(days, "working day")


def kept_for(element: Element, language: str) -> str:
    """Where and for how long it is kept, in words; raise `LanguageNotListedError`."""
    return retention_in_words(element.retention, language)


def retention_in_words(retention: Retention, language: str) -> str:
    """The same for a retention alone."""
    _words(_PLACES, language)
    return _kept_in_chinese(retention) if language == "zh" else _kept_in_english(retention)


def _kept_in_english(retention: Retention) -> str:
    match retention.end:
        case RetentionEnd.END_OF_VISIT:
            return "In memory only, until your visit ends"
        case RetentionEnd.REMOVED_BY_THE_BANK:
            return "On this kiosk, until the bank removes it"
        case RetentionEnd.PERIOD if retention.years is not None:
            return f"Encrypted on this kiosk, {_counted(retention.years, 'year')}"
        case RetentionEnd.PERIOD:
            days = _counted(retention.working_days or 0, "working day")
            return f"Encrypted on this kiosk until your account is open, for at most {days}"


def _kept_in_chinese(retention: Retention) -> str:
    match retention.end:
        case RetentionEnd.END_OF_VISIT:
            return "仅存于内存，办理结束即消失"
        case RetentionEnd.REMOVED_BY_THE_BANK:
            return "存于本机，直至银行移除"
        case RetentionEnd.PERIOD if retention.years is not None:
            return f"加密存于本机 {retention.years} 年"
        case RetentionEnd.PERIOD:
            return f"加密存于本机，开户后即删除，最多 {retention.working_days} 个工作日"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _words(words: Mapping[str, Mapping[_Member, str]], language: str) -> Mapping[_Member, str]:
    try:
        return words[language]
    except KeyError:
        raise LanguageNotListedError(language, tuple(words)) from None
