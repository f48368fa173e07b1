"""How much it says that two people share a word of their names: bits, by how many share it by chance.

The tables are of the program, not counted from the enrolled: so two people are judged by the two of them
alone, whoever came before, and a run from the start finds what was found on the way. A word that is in none
of them is taken for a rare one. They say how common a word is, and nothing else about who bears it.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final

from enrolment.domain.letters import VIRAMA
from enrolment.domain.sounds import Sound, sound_of

TITLE: Final = 2.0
FAMILY: Final = 5.0
GIVEN: Final = 7.5
OTHER: Final = 11.0

_HONORIFICS: Final = (
    "mr mrs ms dr shri sri shree smt kum km haji hafiz late"
    " श्री श्रीमती सुश्री डॉ हाजी"
    " ڈاکٹر جناب محترمہ حاجی حافظ"
)
_MOHAMMAD: Final = "md mohd mohmd muhd mohamad mo मो मोहम्मद मुहम्मद मु محمد"
_SERVANT_OF: Final = ("abdul", "abdur", "abdus", "अब्दुल", "अब्दुर", "عبدال")
_ABBREVIATIONS: Final[Mapping[str, str]] = {
    **dict.fromkeys(_MOHAMMAD.split(), "mohammad"),
    **dict.fromkeys(_SERVANT_OF, "abd"),
    "sk": "shaikh",
    "kr": "kumar",
    "ku": "kumari",
    "कु": "kumari",
}

TITLES: Final = """
    mohammad begum bibi khatun khatoon bano bai bhai ben devi kumari kumar singh kaur lal ram prasad
    abd nath un ur ul ud bi das dev rani
"""
_FAMILIES: Final = """
    khan ansari ali ahmad hussain shaikh syed sayyad siddiqui qureshi pathan mirza malik mir bhat
    dar lone wani rather ganai hashmi rizvi farooqi usmani alvi idrisi mansuri salmani saifi
    chaudhary thakur sharma verma gupta yadav mishra jha pandey tiwari dubey shukla srivastava
    saxena agarwal jain patel shah desai mehta joshi patil pawar shinde jadhav kulkarni more gaikwad
    kamble mondal mandal biswas sarkar roy dutta ghosh bose sen paul saha nair menon pillai nambiar
    kurup rao reddy naidu raju iyer iyengar thomas mathew joseph george john varghese kurian chacko
    philip abraham fernandes dsouza pereira rodrigues lobo gill sidhu sandhu dhillon grewal brar
    mann bajwa meena gurjar rathore chauhan rawat negi bisht tomar solanki parmar rajput paswan
    manjhi soren murmu hembrom oraon munda kujur tirkey toppo ekka minz lama tamang dorjee sherpa
    bhutia parvin akhtar sultana fatima jahan nisha
"""
_GIVENS: Final = """
    ayesha salma shabana nasreen rukhsana yasmin farzana rehana shahnaz zarina noor zainab mariam
    amina khadija imran farhan salman irfan rizwan javed naseem saleem nadeem wasim kalim karim
    rahim rashid arif asif tariq yusuf ibrahim ismail usman umar hasan zubair faisal shahid sajid
    majid akram aslam anwar akbar iqbal nasir sunita anita geeta sita meena rekha pooja kavita
    sangeeta mamta kiran asha usha lakshmi saraswati radha rajesh suresh ramesh mahesh dinesh mukesh
    rakesh sanjay vijay ajay manoj vinod anil sunil santosh ashok deepak amit rahul ravi rohit
    pankaj sandeep mohan sohan krishna shiv raju arjun gopal hari gurpreet harpreet manpreet
    jaspreet baljit mary anna rosamma joseph thomas john george sara tenzin sonam pema
"""


_SHORTEST_NAME_OF_GOD: Final = 4


def spelled_out(word: str) -> tuple[str, ...]:
    """What an abbreviation stands for, and Abdulkarim as two words; any other word as it is."""
    folded = word.casefold()
    for servant in _SERVANT_OF:
        of_whom = folded.removeprefix(servant)
        # Abdullah is one word.
        if folded != of_whom and len(of_whom) >= _SHORTEST_NAME_OF_GOD and of_whom[0] != VIRAMA:
            return ("abd", of_whom)
    return (_ABBREVIATIONS.get(folded, word),)


def is_honorific(word: str) -> bool:
    """Whether a word is no part of the name."""
    return word.casefold() in _honorifics()


@cache
def _honorifics() -> frozenset[str]:
    return frozenset(_HONORIFICS.split())


@cache
def _weights() -> Mapping[str, float]:
    weights: dict[str, float] = {}
    for words, weight in ((_GIVENS, GIVEN), (_FAMILIES, FAMILY), (TITLES, TITLE)):
        for word in words.split():
            # Where two words have one code, the commoner one counts.
            weights[_key(sound_of(word))] = weight
    return weights


def weight_of(sound: Sound) -> float:
    """What agreement in this word is worth, in bits; a very short one is worth less."""
    known = _weights().get(_key(sound))
    if known is not None:
        return known
    return OTHER if len(sound.consonants) > 1 else FAMILY


def _key(sound: Sound) -> str:
    last = sound.vowels[-1]
    return (
        sound.consonants
        + ("+" if sound.vowels[0] else "-")
        + ("" if last in {"", "a", "?"} else last.upper().replace("E", "I"))
    )
