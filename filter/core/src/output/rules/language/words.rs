//! Words that texts of a language can't do without, and letters that few languages have.

/// Of the languages that are told apart by words. Their numbers are their places, here and in [`super::CODES`].
pub(super) const WORDS: [&str; 23] = [
    // en
    "the of and to in is that for it with as was on are be this by at from or have an they which not you we can will has but all their \
     more if what when your there would about a i how do so no than into its been were one our my me he she his her also each may",
    // de
    "der die das und ist nicht ein eine zu den von mit sich des auf für dem im es auch als an werden aus er hat dass sie nach wird bei \
     einer um sind noch wie einem über einen so zum kann nur oder aber wenn ich wir mehr zur durch vor war haben man in eines dieser \
     diese dieses ihre sehr schon bis unter sein können muss mich",
    // fr
    "le la les de des du et est en un une que qui dans pour pas sur au avec ce il par plus ne se sont ou mais nous vous cette son sa \
     être aux leur ces comme fait si je elle ont été tout l d qu n s c y à même très peut donc où votre notre afin sans",
    // es
    "el la los las de del que y en un una es por con no para se su al lo como más o pero sus le ya este si porque esta entre cuando \
     muy sin sobre también me hasta hay donde está puede son fue ser tiene a han desde todo nos eso mi te qué",
    // it
    "il la le di che e è un una in per non con del della si da sono come dei al gli anche più ma alla nel lo delle su ha questo questa \
     sua ci essere dal degli o se io cosa quando molto i a l nella ai tra può dell hanno stato perché mi ogni",
    // pt
    "o a os as de do da que e em um uma é para não com no na por mais dos das se como ao mas foi ele ou sua seu são à também já muito \
     pode você isso nos está ser quando pela pelo essa este esta tem mesmo sem ela até entre há seus me eu",
    // nl
    "de het een van en in is dat op te zijn voor met niet die aan er om ook als maar dan bij nog door uit naar over je ik wordt worden \
     heeft deze kan hebben of meer wat zich dit was hij ze we tot moet geen al haar hun veel waar zo kunnen u mijn",
    // sv
    "och att det i en som på är av för med den till inte om ett har de jag men var sig så från vi kan man när eller nu ska du mycket \
     finns också detta alla vara efter mer han hon där än vid blir skulle under bara hur upp mot ut in mig här",
    // da
    "og i at det er en til af på som med for den de ikke der har et jeg om var men vi fra kan så eller hvad også være man efter dette \
     mere når ved bliver sig du han hun deres blev skal vil hvor hvis mange meget kun over op ud mig her nu end havde din nyt",
    // no
    "og i det er på som en til av å for med at de ikke den har jeg et om var men vi fra kan så eller hva også være man etter dette mer \
     når ved blir seg du hvis han hun deres ble skal vil hvor mange mye bare over opp ut meg her nå enn hadde slik din nytt",
    // pl
    "i w nie na się z do to że jest jak o po ale za od co tak przez dla czy są może być oraz tym tego przy ich już który które która \
     jako tylko bardzo można gdy jego a ze było był mnie jej we lub bez pod także ten ta te aby jeśli tej tych więc",
    // cs
    "a je v se na to že s z do o i jako za by ale pro po jsou k při který která které tak co být nebo od už má však jeho také není \
     mezi jen může více ve jak když ze si byl bylo byla jsem aby až tím své ten pokud bez podle této tento mnoho",
    // tr
    "ve bir bu da de için ile çok olarak daha olan gibi en ne kadar sonra var değil ama o her ya veya şey ki bunu bana ben sen mi \
     olduğu olduğunu göre tarafından zaman ise nasıl hem önce biz siz büyük iyi ancak yeni olur bunun kendi içinde bazı hiç",
    // fi
    "ja on ei että se oli hän mutta kun niin myös ovat tai kuin jos sen joka voi ole nyt sitä mitä vain hyvin kanssa tämä jotka mukaan \
     olla sekä minä te ne siitä tässä näin kuten ollut jo vielä sinä me he eivät eli koska paljon kaikki tämän jälkeen voit noin",
    // hu
    "a az és hogy nem is egy van ez meg de volt csak már mint ha el vagy még ki kell azt nagyon minden lehet akkor lesz ezt sem aki \
     ami mert fel be után olyan valamint között én te ő mi ti ezek így pedig amely amelyek több szerint ennek majd itt",
    // ro
    "și în de la cu nu a pe este din care că mai un o pentru să sunt se fi ca ce prin dar sau au al fost după le lui această acest \
     dacă foarte ale am poate între si in sa avea era unei unui ei el cum când fără asupra aceste toate cel cea",
    // id
    "yang dan di untuk dengan dari ini itu tidak dalam pada ada akan adalah bisa juga saya kami atau ke oleh karena anda sebagai lebih \
     telah dapat seperti mereka kita sudah tersebut harus hanya kepada namun para agar secara serta banyak jika dia bahwa satu saat ia",
    // vi
    "và của là có không được một cho trong với các để người những này đã khi như từ về đó bạn nhưng cũng ra tôi thì vào lại nếu hoặc \
     nhiều ở đến bị tại sẽ chúng trên theo việc làm rất phải hơn còn thể sau năm nó ta",
    // ru
    "и в не на что с по это как к из но у за от так для же все или бы он она его также может быть если чтобы которые только уже при \
     есть был были мы вы еще ещё их более когда я то а о до который этого этом было очень можно нет ли чем сам под",
    // uk
    "і в не на що з та до як це за від але для або є так вони його також може бути якщо щоб які тільки вже при у й він вона був були \
     ми ви ще їх більше коли цього я а про який цей ця було дуже можна немає чи під через після із",
    // bg
    "и в не на да за се от е с че като това по са до или но ще към при има може също който която които така ако след най само бъде си \
     ни ви го тази този още му когато аз а той тя те беше много трябва няма през между със във",
    // ar
    "في من على إلى أن هذا هذه التي الذي عن مع كان ما لا هو هي أو كما قد لم بعد كل ذلك بين عند حيث يمكن إذا ثم أي غير و أنا نحن هل لقد \
     كانت يكون لن أكثر أيضا أيضًا لكن خلال",
    // fa
    "و در به از که این را با است برای آن یک خود تا بر می شود شده هم یا ما شما های هر اگر بود نیز باید کرد دارد ها ای من او آنها اما \
     چه نمی بسیار وقتی کند همه پس دیگر",
];

/// By the numbers of languages.
pub(super) const LETTERS: [(usize, &str); 21] = [
    (1, "äöüß"),
    (2, "éèêëçàâîïôûùœ"),
    (3, "áéíóúñ"),
    (4, "èàìòùé"),
    (5, "ãõçáéíóúâêô"),
    (6, "ëï"),
    (7, "åäö"),
    (8, "åæø"),
    (9, "åæø"),
    (10, "ąćęłńóśźż"),
    (11, "áčďéěíňóřšťúůýž"),
    (12, "çğıöşü"),
    (13, "äö"),
    (14, "áéíóöőúüű"),
    (15, "ăâîșțşţ"),
    (17, "ăâđêôơưàáảãạèéìíòóùúýĩũ"),
    (18, "ыэё"),
    (19, "іїєґ"),
    (20, "ъ"),
    (21, "ةىيكأإؤئء"),
    (22, "پچژگکی"),
];
