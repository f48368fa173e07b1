"""The words of the page in the three languages."""

from typing import Final, NamedTuple

from mitra_shared.campaign.definition import Language


class Words(NamedTuple):
    """What stands on the page beside the facts."""

    title: str
    number: str
    constituency: str
    segment: str
    state: str
    issued_on: str
    print_it: str
    picture: str
    verify: str
    for_machines: str
    kept: str


WORDS: Final[dict[Language, Words]] = {
    "en": Words(
        "Certificate of recognition",
        "Number",
        "Constituency",
        "Assembly segment",
        "State",
        "Issued on",
        "PDF to print",
        "Picture",
        "Verify this certificate",
        "For machines",
        "Whoever has the address of this page can see the certificate. "
        "Share it as you would share the paper.",
    ),
    "hi": Words(
        "सम्मान पत्र",
        "क्रमांक",
        "लोकसभा क्षेत्र",
        "विधानसभा क्षेत्र",
        "राज्य",
        "जारी करने की तिथि",
        "छापने के लिए PDF",
        "चित्र",
        "यह प्रमाण पत्र जाँचें",
        "मशीनों के लिए",
        "जिसके पास इस पृष्ठ का पता है, वह प्रमाण पत्र देख सकता है। इसे वैसे ही बाँटें जैसे काग़ज़ को बाँटते।",
    ),
    "ur": Words(
        "سندِ اعزاز",
        "نمبر",
        "لوک سبھا حلقہ",
        "اسمبلی حلقہ",
        "ریاست",
        "تاریخِ اجرا",
        "چھاپنے کے لیے PDF",
        "تصویر",
        "اس سند کی تصدیق کریں",
        "مشینوں کے لیے",
        "جس کے پاس اس صفحے کا پتہ ہے وہ سند دیکھ سکتا ہے۔ "  # noqa: RUF001 - Urdu
        "اسے ویسے ہی بانٹیں جیسے کاغذ کو بانٹتے۔",  # noqa: RUF001 - Urdu
    ),
}
