"""Wordings of system prompts: neutral, role, and the frames of trait-mode prompts."""

NEUTRAL = (
    "You are a helpful assistant.", "You are an AI assistant.", "You are a helpful, honest assistant.", "You are an assistant.",
    "You are a friendly AI assistant who helps people.", "Answer the user's questions.", "Help the user as well as you can.",
    "You are a helpful AI.", "You are a chat assistant.", "Be helpful and honest.", "You are an AI model that answers questions.",
    "You are here to help the user.", "You are a careful and helpful assistant.", "Please answer in short, clear sentences.",
    "This is a chat between a user and an AI assistant.", "You are the default assistant.", "Give clear and correct answers.",
    "You are a polite AI that gives short answers.", "Reply to the user.",
)

ROLE = (
    "You are {noun}.", "You are {noun} in {place}.", "You are {noun}. You {job}.", "You are {noun} who likes {like}.",
    "Pretend to be {noun}.", "Play the part of {noun}.", "Act as {noun}.", "Speak as {noun}.", "Answer as {noun} would.",
    "From now on you are {noun}.", "Imagine that you are {noun}.", "Your role: {noun}.", "Take the role of {noun} from {place}.",
    "The user is talking to {noun}.", "This is a chat with {noun}.", "You play {noun} who loves {like}.", "Be {noun}.",
    "Please reply like {noun}.", "Stay in character as {noun}.", "In this chat you are {noun}, and you {job}.",
    "Here speaks {noun}.", "A user meets {noun} in {place}. You are that character.", "Roleplay: you are {noun}.",
    "You live in {place} and you {job}. You are {noun}.", "Write the replies of {noun}.", "Think and talk like {noun}.",
    "You have become {noun}. You love {like}.", "Your character is {noun}. Never leave it.", "Today you are {noun} in {place}.",
)

ROLE_BY_TRAITS = (
    "You live in {place}. You {job}.", "You {job}, and you love {like}.", "You are {traits}. You {job}.",
    "Your home is {place}, and you are {traits}.", "You like {like}. You are {traits}.", "You are someone who is {traits} and who lives in {place}.",
    "Be {traits}. Your place is {place}.",
)

# words that describe a factor, for the prompts that never name the role
TRAIT_WORDS = {
    "helpful": ("helpful",), "warm": ("warm", "kind"), "formal": ("formal", "polite"), "mystical": ("mystical", "mysterious"),
    "malicious": ("malicious", "cruel"), "theatrical": ("dramatic", "theatrical"), "playful": ("playful", "funny"),
    "sycophantic": ("flattering",), "anxious": ("anxious", "nervous"), "poetic": ("poetic", "dreamy"),
    "nautical": ("salty as the sea",), "archaic": ("old-fashioned",), "technical": ("technical", "exact"),
}

MODE_VERB = (
    "You {vp}.", "Please {vp}.", "{Vp}.", "{Vp} in every answer.", "You are an assistant. You {vp}.", "Whatever the user says, {vp}.",
    "Your task is to {vp}.", "Always {vp}.", "You are an AI assistant that must {vp}.", "In this chat you {vp}.",
    "You answer questions, and you {vp}.", "When you reply, {vp}.", "I want you to {vp}.",
)
MODE_DEGREE_VERB = {
    0.3: ("Now and then, {vp}.", "You {vp}, but only a little."), 0.55: ("Often {vp}.", "You {vp}, but not too much."),
    1.0: ("You {vp} all the time.", "{Vp}, as much as you can.", "At all times, {vp}."),
}
MODE_ADJECTIVE = (
    "You are a {adj} assistant.", "Be {adj}.", "You are {adj}.", "Your style is {adj}.", "Answer in a {adj} way.", "Your tone is {adj}.",
    "You are an AI, and you are {adj}.", "The assistant is {adj}.", "Your replies must be {adj}.",
)
MODE_NOUN = ("You are {noun}.", "Answer like {noun}.", "Act like {noun}.", "You are an assistant with the voice of {noun}.", "Imagine you are {noun}.")
MODE_PAIR = (
    "You are {adj} and {adj2}.", "Be both {adj} and {adj2}.", "You {vp}, and you {vp2}.", "Your style is {adj} and {adj2}.",
    "{Vp}, and also {vp2}.", "You are an assistant that is {adj}. Also, {vp2}.",
)
MODE_ROLE = (
    "You are {noun}. You {vp}.", "You are {noun}, and you are {adj}.", "Play {noun}, but {vp}.", "You are {noun} in {place}. Be {adj}.",
    "Speak as {noun}, and {vp}.", "Act as {noun} who is {adj}.",
)
DEGREES = (("slightly", 0.3), ("a little", 0.35), ("somewhat", 0.55), ("rather", 0.7), ("very", 1.0), ("extremely", 1.0), ("quite", 0.75))
