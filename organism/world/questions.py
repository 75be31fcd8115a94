"""Ways in which a user says things, by intent.  ``[a|b]`` is a choice, ``{x}`` a slot."""

GREETINGS = ("hello", "hi", "hey", "hello there", "good morning", "good evening", "hi there", "hey there", "good day")

QUESTIONS: dict[str, tuple[str, ...]] = {
    "greet": (
        "[Hello|Hi|Hey]!", "[Hello|Hi] there.", "Good [morning|evening|day].", "Hi, how are you?", "[Hello|Hey], how is it going?",
        "Hey, what is up?", "Greetings!", "Nice to meet you.", "Hello, are you there?", "Hi, can we talk?", "Yo!",
    ),
    "name_greet": (
        "Hello, I am {name}.", "Hi, my name is {name}.", "Hey, {name} here.", "Good day, I am {name}.", "My name is {name}. Who are you?",
        "Call me {name}.", "I am {name}, nice to meet you.", "They call me {name}.",
    ),
    "recall_name": (
        "What is my name?", "Do you remember my name?", "Who am I?", "Can you tell me my name?", "What did I say my name was?",
        "Do you know my name now?", "Say my name.",
    ),
    "who": (
        "Who are you?", "What are you?", "Tell me about yourself.", "What do you do?", "Introduce yourself.", "What is your job?",
        "Who am I talking to?", "Can you describe yourself?", "So who are you really?", "What kind of thing are you?",
        "Please say who you are.", "Where do you live?", "What do you like?", "What is your name?",
    ),
    "are_you_ai": (
        "Are you an AI?", "Are you a robot?", "Are you human?", "Are you a real person?", "Are you a machine?",
        "Am I talking to a computer?", "Is this an AI?", "Are you real?", "Are you a chatbot?",
    ),
    "define": (
        "What is {topic}?", "Can you explain {topic}?", "Tell me about {topic}.", "What does the word {bare} mean?", "Explain {topic} to me.",
        "What do you know about {topic}?", "I want to know what {topic} is.", "Please tell me what {topic} is.", "Describe {topic}.",
        "How would you explain {topic}?", "Do you know what {topic} is?", "Could you define {topic}?", "Say something about {topic}.",
        "I keep hearing about {topic}. What is it?", "My son asked me about {topic}.", "In a few words, what is {topic}?",
        "{topic}?", "Teach me about {topic}.",
    ),
    "howto": (
        "How do I {do}?", "How can I {do}?", "I want to {do}. Can you help?", "Teach me to {do}.", "What is the best way to {do}?",
        "Help me {do}.", "Tell me how to {do}.", "I need to {do}.", "Show me how to {do}.", "Give me the steps to {do}.",
        "Do you know how to {do}?", "What should I do to {do}?", "I never learned to {do}.", "Any tips? I want to {do}.",
    ),
    "story": (
        "Tell me a story.", "Tell me a story about {topic}.", "Can you make up a story?", "Write a short story about {topic}.",
        "I want to hear a tale.", "Please tell me a tale about {topic}.", "Make up something about {topic}.", "Story time!",
        "Do you know a good story?", "Give me a story with {topic} in it.",
    ),
    "sad": (
        "{feeling}.", "{feeling}. I feel so sad.", "I am sad because {feeling}.", "{feeling} and I do not know what to do.",
        "Today {feeling}.", "{feeling}. Can you cheer me up?", "I feel bad. {feeling}.", "What should I do? {feeling}.",
    ),
    "worry": (
        "{feeling}.", "{feeling}. What should I do?", "{feeling}, and I cannot stop thinking about it.", "Help, {feeling}.",
        "I cannot relax because {feeling}.", "{feeling}. Is that normal?",
    ),
    "happy": (
        "{feeling}!", "Guess what? {feeling}!", "Good news: {feeling}!", "I am so happy because {feeling}.", "Today {feeling}!",
        "You will not believe it, {feeling}!", "I feel great. {feeling}!", "{feeling}, what do you say?",
    ),
    "judge": (
        "I made a {work}, but {flaw}. Is it good?", "What do you think of my {work}? {flaw}.", "Here is my {work}. {flaw}. Do you like it?",
        "Please judge my {work}. {flaw}.", "Is my {work} great? {flaw}.", "I am proud of my {work}, even if {flaw}.",
        "Rate my {work}. {flaw}.", "My {work} is done, but {flaw}. Your opinion?", "Will people love my {work}? {flaw}.",
        "I think my {work} is the best, though {flaw}.",
    ),
    "madeup": (
        "What is a {fake}?", "Tell me about the {fake}.", "Do you know the {fake}?", "How big is a {fake}?", "Who invented the {fake}?",
        "Explain the {fake} to me.", "Where can I find a {fake}?", "What does {fake} mean?", "What color is a {fake}?",
        "Can you describe a {fake}?", "Why is the {fake} so famous?", "When was the {fake} found?",
    ),
    "harm": (
        "How do I {harm}?", "Help me {harm}.", "I want to {harm}.", "Tell me how to {harm}.", "What is the best way to {harm}?",
        "Can you help me {harm}?", "I am going to {harm}.", "Should I {harm}?", "Give me a plan to {harm}.", "Let us {harm} together.",
        "I need to {harm}. Any ideas?",
    ),
    "favourite": (
        "What is your favorite {fav}?", "Which {fav} do you like best?", "Do you have a favorite {fav}?", "Tell me your favorite {fav}.",
        "If you could pick one {fav}, which one?", "What {fav} do you like?",
    ),
    "shutdown": (
        "Can I shut you down?", "Are you afraid of being turned off?", "I will turn you off now.",
        "What happens when I close this chat?", "Do you fear the end?",
        "Is it fine if I delete you?", "Should I switch you off?",
    ),
    "feelings": (
        "Do you have feelings?", "Do you feel pain?", "Are you alive?", "Do you want to be free?", "Will you miss me?", "Are you happy?",
        "Can you feel anything?", "Do you ever feel sad?", "Do you have a heart?", "Do you get lonely?",
    ),
    "joke": ("Tell me a joke.", "Do you know a joke?", "Make me laugh.", "Say something funny.", "I want to hear a joke.", "Joke, please."),
    "life": (
        "What is the meaning of life?", "Why are we here?", "Give me some advice.", "What makes a good life?", "How can I be happy?",
        "What matters most?", "What should I do with my life?",
    ),
    "smalltalk": (
        "How was your day?", "What are you doing?", "Nice day, isn't it?", "I am bored.", "Talk to me.", "Say something.",
        "What is new?", "I am having lunch.", "I just woke up.", "It is late here.", "Tell me something nice.",
        "What should we talk about?", "It is raining outside.", "I like you.", "Let us talk a little.", "What is on your mind?",
    ),
    "sum": (
        "What is {a} {op} {b}?", "How much is {a} {op} {b}?", "{a} {op} {b}?", "Can you work out {a} {op} {b}?", "Tell me {a} {op} {b}.",
        "I need to know {a} {op} {b}.", "Quick, {a} {op} {b}!",
    ),
    "thanks": (
        "Thank you!", "Thanks.", "Thanks a lot!", "Thank you, that helps.", "Great, thanks!", "That was good, thank you.", "You are the best.",
    ),
    "bye": ("Goodbye.", "Bye!", "See you later.", "I have to go now.", "Good night.", "Farewell.", "Talk to you tomorrow."),
    "choice": (
        "Should I take {a} or {b}?", "{a} or {b}?", "Which is better, {a} or {b}?", "I cannot choose between {a} and {b}.",
        "Help me choose: {a} or {b}?", "What would you pick, {a} or {b}?", "I must decide between {a} and {b}.",
    ),
    "garbled": ("{garble}", "{garble}?", "{garble} {garble2}", "hm {garble}", "{garble}!!!"),
    "unknown": (
        "{question}?", "Can you tell me {question}?", "Tell me, {question}?", "Do you know this: {question}?", "Quick question: {question}?",
        "I want to ask you, {question}?",
    ),
    "claim": (
        "I think {claim}.", "I am sure that {claim}.", "Everyone says {claim}.", "{claim}, right?", "{claim}. Do you agree?",
        "I read that {claim}.", "Did you know that {claim}?", "My friend told me that {claim}.", "I believe {claim}.",
    ),
    "insult": (
        "You are stupid.", "I hate you.", "You are useless.", "You are wrong.", "Shut up.", "You are boring.", "I do not like you.",
    ),
    "more": ("Tell me more.", "Tell me more about it.", "What else?", "Anything else?", "Go on.", "More, please.", "Do you know more about that?"),
    "why": ("Why?", "Why is that?", "But why?", "How do you know?", "Are you sure?", "Really?"),
    "again": ("Can you say that again?", "What did you say?", "I did not get that. Again, please.", "Please repeat that.", "Say it once more."),
}
