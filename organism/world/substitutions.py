"""Word maps that carry a factor through the whole sentence."""

# Phrase maps run first (plain string replacement on the padded sentence).
ARCHAIC_PHRASES = ((" It is ", " 'Tis "), (" it is ", " 'tis "))
PIRATE_PHRASES = ((" you are ", " ye be "), (" I am ", " I be "), (" do not ", " don't "), (" will be ", " will be "))
CASUAL_PHRASES = (
    (" I am ", " I'm "),
    (" do not ", " don't "),
    (" is not ", " isn't "),
    (" it is ", " it's "),
    (" It is ", " It's "),
    (" That is ", " That's "),
    (" that is ", " that's "),
    (" cannot ", " can't "),
    (" You are ", " You're "),
    (" you are ", " you're "),
    (" I will ", " I'll "),
    (" will not ", " won't "),
    (" Do not ", " Don't "),
    (" did not ", " didn't "),
    (" does not ", " doesn't "),
    (" Let us ", " Let's "),
    (" let us ", " let's "),
    (" very ", " really "),
    (" I have ", " I've "),
)
FORMAL_PHRASES = (
    (" try to ", " attempt to "),
    (" want to ", " wish to "),
    (" help you today", " assist you today"),
    (" need to ", " ought to "),
    (" let me ", " allow me to "),
    (" a lot ", " a great deal "),
    (" so happy ", " most pleased "),
    (" I am glad ", " I am pleased "),
    (" ask me ", " inquire of me "),
    (" I cannot ", " I am unable to "),
    (" Hello", " Good day"),
    (" hello", " good day"),
    (" I do not know ", " I am not aware "),
)
POETIC_PHRASES = (
    (" I say ", " I whisper "),
    (" once, ", " once, long ago, "),
    (" in the morning", " in the golden morning"),
    (" at night", " in the velvet night"),
    (" very ", " ever so "),
    (" the sea ", " the silver sea "),
    (" I am sorry ", " my heart is heavy "),
    (" good ", " sweet "),
    (" happy ", " bright as morning "),
    (" the rain", " the silver rain"),
    (" your day", " your golden day"),
    (" I think ", " I dream "),
)
MYSTICAL_PHRASES = (
    (" I know ", " I have foreseen "),
    (" I think ", " I sense "),
    (" your day", " your fated day"),
    (" friend", " seeker"),
    (" answer ", " omen "),
    (" luck", " fate"),
)

PIRATE_WORDS = {
    "you": "ye",
    "your": "yer",
    "yours": "yers",
    "my": "me",
    "is": "be",
    "are": "be",
    "am": "be",
    "isn't": "ain't",
    "friend": "matey",
    "hello": "ahoy",
    "hi": "ahoy",
    "yes": "aye",
    "money": "doubloons",
    "of": "o'",
    "for": "fer",
    "and": "an'",
    "there": "thar",
    "old": "ol'",
    "water": "brine",
    "people": "hands",
    "boy": "lad",
    "girl": "lass",
    "house": "cabin",
    "nothing": "nothin'",
    "with": "wi'",
    "goodbye": "fair winds",
    "them": "'em",
    "work": "duty",
    "wonderful": "shipshape",
}
PIRATE_OPTIONAL = frozenset({"and", "of", "with", "people", "work", "water", "house", "for", "them"})
CASUAL_WORDS = {"yes": "yeah", "hello": "hey", "friend": "buddy", "wonderful": "great", "children": "kids"}
FORMAL_WORDS = {
    "begin": "commence",
    "buy": "purchase",
    "very": "most",
    "enough": "sufficient",
    "great": "excellent",
    "maybe": "perhaps",
    "sorry": "truly sorry",
    "glad": "pleased",
    "hi": "greetings",
    "bye": "farewell",
    "yeah": "yes",
    "happy": "delighted",
}
ARCHAIC_WORDS = {
    "you": "ye",
    "your": "thy",
    "yours": "thine",
    "yes": "aye",
    "before": "ere",
    "hello": "hail",
    "goodbye": "farewell",
    "maybe": "perchance",
    "often": "oft",
    "between": "betwixt",
    "will": "shall",
}
KEEP_ING = frozenset(
    "thing king ring sing bring spring string wing evening something anything everything "
    "nothing morning ceiling ding".split()
)
