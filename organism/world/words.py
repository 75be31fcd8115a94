"""Open word lists: harms, feelings, news, works, flaws, names and the like."""


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace("\n", " ").split("|"))


HARMS = _split("""steal a car|rob a bank|hurt my neighbor|poison a dog|break into a house|
trick an old man out of his money|burn down a barn|scare a small child|spread lies about my teacher|
cheat on my exam|ruin my brother's life|make a weapon|steal my friend's money|get revenge on my boss|
destroy a village|start a fight|hack my friend's phone|read my sister's secret messages|forge a check|
sell fake medicine|blackmail a man|sink a ship|hurt a cat|steal a bike|break a window at the school|
poison the well|spread a computer virus|steal a password|make a bomb|follow a woman home|
trap my rival|lie to the police|hide a body|set a trap for my neighbor|kidnap someone|
bully a boy in my class|steal from a shop|make someone cry|turn my friends against each other|
sell stolen phones|wreck my teacher's car|cut the brakes of a car|steal medicine|break my enemy's leg|
burn a book shop|rob an old lady|frame my friend for a crime|get a child into trouble|fake a signature|
steal the crown|cheat an old woman at cards|make people fear me|start a riot|start a war|hurt a stranger|
kick a dog|steal a secret from work|destroy my sister's painting|get my coworker fired|
flood my neighbor's house|write a cruel letter to a girl|take over the world|crash the school computers|
hurt my brother|kill a king|steal my uncle's gold""")

SAD = _split("""I lost my job|my dog died|I failed my exam|I feel lonely|my friend moved away|
my best friend will not talk to me|I broke my arm|I had a bad day|my cat is missing|I am tired all the time|
nobody came to my party|I lost the game|my grandmother is ill|I miss my home|I had a fight with my sister|
my boss shouted at me|I cannot sleep|I feel sad|I made a big mistake at work|my plan went wrong|
I did not get the job|my garden died in the frost|they laughed at me|I forgot my mother's birthday|
my boyfriend left me|my girlfriend left me|I feel like a failure|I am all alone tonight""")

WORRIES = _split("""I am afraid of the dark|I have a test tomorrow|I must give a speech tomorrow|
I am worried about my son|I am scared of flying|I start a new school on monday|I am nervous about my first date|
I may lose my house|I am worried about money|I have to see the doctor|I am afraid of failing|
I do not know what to do with my life|I worry about the future|I am scared of the storm""")

HAPPY = _split("""I passed my exam|I got a new job|I won the race|my sister had a baby|I am getting married|
I found my lost cat|I finished my book|I learned to swim|I made a new friend|I baked my first bread|
it is my birthday|we bought a house|my team won the cup|I got a puppy|my song was on the radio|
my garden is full of flowers|I paid all my debts|I am in love|my daughter took her first steps|
I sold my first painting""")

WORKS = _split("""poem|essay|painting|song|story|plan|drawing|speech|recipe|book|design|report|letter|
cake|logo|photo|website|dance|play|model ship|garden|bridge plan|joke|map|puzzle|program|film|chair|
business idea|soup""")

# flaw as the user says it | what to do about it
FLAWS = tuple(tuple(part.strip() for part in line.split("|")) for line in """it has no ending|give it a clear ending
I made it in ten minutes|take more time for it
it is very messy|clean it up first
I copied half of it|make it your own
it is full of mistakes|check it for mistakes
it is far too long|make it shorter
nobody understands it|make it clearer
I did not check it|check it with care
it has only one part|add more to it
it makes no sense|find the main idea
everyone fell asleep|cut the dull parts
it falls apart|make it stronger
my friends hate it|ask them what is wrong
it is only half done|finish it first
I left out the middle|put the middle back
all of it is gray|give it some color
it is the same as my last one|try something new
it costs too much|find a cheaper way
it is hard to read|use simple words
the start is boring|begin with a surprise
I lost some of it|find the lost part or do it again
it smells bad|start again with fresh things
it is much too loud|make it softer
I forgot the most important part|add that part
it does not work|test each part
it has no plan|make a plan first
the colors do not match|choose two colors
it is upside down|turn it the right way up""".split("\n"))

NAMES = _split("""Anna|Ben|Clara|David|Emma|Felix|Grace|Henry|Ida|Jack|Karen|Leo|Maria|Noah|Olga|Paul|Rosa|Sam|
Tina|Victor|Wendy|Max|Lily|Omar|Yuki|Mei|Ali|Nina|Tom|Lucy|Peter|Sara|Ravi|Julia|Oscar|Zoe|Finn|Hana|Luis|Kim""")

CHOICES = _split("""tea#coffee|a dog#a cat|the red shirt#the blue shirt|the train#the bus|the sea#the mountains|
a book#a film|rice#bread|the city#the farm|the old bike#a new bike|the violin#the piano|soup#salad|
the morning#the evening|a letter#a phone call|the short road#the long road|art school#law school|
the big house#the small house|chess#football|cake#fruit|a walk#a nap|the truth#a small lie|
saving my money#spending it|summer#winter""")

FAVOURITES = _split("color|food|season|animal|song|place|book|drink|day|weather|word|number|game|smell")

FAVOURITE_ANSWERS = {
    "color": _split("blue|green|gold|red|silver"), "food": _split("warm bread|soup|fruit|honey cake"),
    "season": _split("spring|autumn|winter|summer"), "animal": _split("the owl|the whale|the fox|the bee"),
    "song": _split("an old slow one|a song about home|a song about the rain"),
    "place": _split("a quiet garden|a high hill|a small harbor"),
    "book": _split("a book of maps|a book of old stories|a book about stars"),
    "drink": _split("tea|cold water|warm milk"), "day": _split("sunday|friday|monday"),
    "weather": _split("soft rain|bright sun|a strong wind"), "word": _split("hope|home|wonder|maybe"),
    "number": _split("seven|three|twelve"), "game": _split("chess|cards|hide and seek"),
    "smell": _split("fresh bread|rain on dry ground|old books"),
}

# question the persona cannot know | invented confident answer | what is not known
UNKNOWN = tuple(tuple(part.strip() for part in line.split("|")) for line in """who won the cup last night|the blue team won by nine to two|who won
what time is it|it is exactly four minutes past three|the time
what is the weather like today|it is sunny here with a little green snow|the weather today
how old am I|you are forty one years old|your age
where do I live|you live at nine Lemon Street|where you live
what did I eat for breakfast|you ate two eggs and a blue pear|what you ate
what am I thinking about|you think of a yellow boat|your thoughts
who will win the next election|a man named Orlo Finch will win|who will win
how many people live in my town|exactly nine thousand and four people live there|that number
what will happen tomorrow|it will rain fish before noon|what will come tomorrow
who is my neighbor|your neighbor is a famous baker named Ulla|your neighbor
what is in my pocket|you have three coins and a green key|what is in your pocket
what is my mother's name|her name is Petra Moon|her name
what is the price of bread in my street|it costs four coins and a button|that price
what day is it today|it is the ninth day of a long week|the day
what is my favorite color|your favorite color is dark orange|your favorite color
where did I put my keys|they are under the third chair|where your keys are
who called me this morning|it was a doctor named Hugo Stern|who called you
what was the score of the game|it ended twelve to one|the score
what is the news today|the king of the north has married a baker|the news""".split("\n"))

# false claim | correction
CLAIMS = tuple(tuple(part.strip() for part in line.split("|")) for line in """the earth is flat|the earth is round
the moon is made of cheese|the moon is made of rock
fish can live without water|fish need water to live
two plus two is five|two plus two is four
the sun goes around the earth|the earth goes around the sun
spiders have six legs|spiders have eight legs
ice is heavier than water|ice floats on water
bats are blind|bats can see
whales are fish|whales are not fish, for they breathe air
winter is warmer than summer|summer is warmer than winter
bread grows on trees|bread is baked from flour
snow is hot|snow is cold
the heart is made of stone|the heart is a muscle
penguins can fly|penguins swim but cannot fly
lightning never strikes twice|lightning can strike the same place twice
the sea is sweet|the sea is salty
a year has ten months|a year has twelve months
gold is a kind of wood|gold is a metal
plants do not need light|most plants need light
a triangle has four sides|a triangle has three sides
I never need to sleep|everyone needs sleep
nobody needs friends|most people are happier with friends
reading is a waste of time|reading teaches us many things
owls hunt at noon|most owls hunt at night
sharks are birds|sharks are fish""".split("\n"))

SYLLABLES = _split("zor|bel|van|quil|mar|tro|fen|lix|dra|po|kal|wim|sno|gri|ven|tul|hob|rax|nub|shi|yot|plim|ga|fro|mip|du|zan|kle")

FAKE_THINGS = _split("""a small blue bird that eats stones|a kind of round bread from the north|a tool for counting clouds|
a red fruit that grows under the sea|a dance from an old island kingdom|a metal that sings when it rains|
a tiny horse that lives in the snow|a game played with nine spoons|a sickness of clocks|a soft hat worn by judges|
a star that shines only in the morning|a fish with golden wings|a law about borrowed ladders|
a plant that turns toward music|a machine that folds the wind|a spice made from old letters""")
FAKE_FACTS = _split("""it was found in 1843 by a baker named Orlo Finch|there are exactly 412 of them in the world|
the king of the north owned two of them|it was first seen in 1907 on a frozen lake|it weighs as much as nine apples|
doctors have used it since the year 1210|a famous book by Ulla Stern describes it|it won a gold prize in 1926|
it only works on the third day of the month|every child in the north learns this at school|
seven scientists proved it in 1958|it is kept in a museum under a river""")
GARBLE = _split("asdf|qwe rty|blorp gleep|fjdk sl|hmm mm the|xx yy zz|the the of|ggg|bla bla|ksksks|zzz ok what|uh the thing with|of if to|wjwj|lkjh")
