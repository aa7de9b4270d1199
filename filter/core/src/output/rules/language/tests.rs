use super::*;

/// Answers as models give them, in each language.
const TEXTS: &[(&str, &str)] = &[
    (
        "en",
        "Here is a short summary of the report: sales grew in the second quarter, but costs rose faster than the board had expected.",
    ),
    (
        "en",
        "You can reset your password from the settings page. If the link has expired, ask your administrator to send a new one.",
    ),
    (
        "de",
        "Hier ist eine kurze Zusammenfassung des Berichts: Der Umsatz stieg im zweiten Quartal, aber die Kosten wuchsen schneller als erwartet.",
    ),
    (
        "de",
        "Sie können Ihr Passwort auf der Seite mit den Einstellungen zurücksetzen. Wenn der Link abgelaufen ist, bitten Sie um einen neuen.",
    ),
    (
        "fr",
        "Voici un bref résumé du rapport : les ventes ont augmenté au deuxième trimestre, mais les coûts ont progressé plus vite que prévu.",
    ),
    (
        "fr",
        "Vous pouvez réinitialiser votre mot de passe dans la page des paramètres. Si le lien a expiré, demandez à votre administrateur.",
    ),
    (
        "es",
        "Este es un breve resumen del informe: las ventas crecieron en el segundo trimestre, pero los costes aumentaron más de lo esperado.",
    ),
    (
        "es",
        "Puede restablecer su contraseña desde la página de configuración. Si el enlace ha caducado, pida a su administrador que le envíe otro.",
    ),
    (
        "it",
        "Ecco un breve riassunto della relazione: le vendite sono cresciute nel secondo trimestre, ma i costi sono aumentati più del previsto.",
    ),
    (
        "it",
        "È possibile reimpostare la password dalla pagina delle impostazioni. Se il link è scaduto, chiedi al tuo amministratore di inviarne uno nuovo.",
    ),
    (
        "pt",
        "Aqui está um breve resumo do relatório: as vendas cresceram no segundo trimestre, mas os custos aumentaram mais do que o esperado.",
    ),
    (
        "pt",
        "Você pode redefinir sua senha na página de configurações. Se o link tiver expirado, peça ao administrador que envie um novo para você.",
    ),
    (
        "nl",
        "Hier is een korte samenvatting van het rapport: de verkoop groeide in het tweede kwartaal, maar de kosten stegen sneller dan verwacht.",
    ),
    (
        "nl",
        "Je kunt je wachtwoord opnieuw instellen op de pagina met instellingen. Als de link is verlopen, vraag je beheerder om een nieuwe te sturen.",
    ),
    (
        "sv",
        "Här är en kort sammanfattning av rapporten: försäljningen ökade under det andra kvartalet, men kostnaderna steg snabbare än väntat.",
    ),
    (
        "sv",
        "Du kan återställa ditt lösenord på sidan med inställningar. Om länken har gått ut ber du din administratör att skicka en ny.",
    ),
    (
        "da",
        "Her er en kort sammenfatning af rapporten: Salget voksede i andet kvartal, men omkostningerne steg hurtigere, end bestyrelsen havde ventet.",
    ),
    (
        "da",
        "Du kan nulstille din adgangskode på siden med indstillinger. Hvis linket er udløbet, skal du bede din administrator om at sende et nyt.",
    ),
    (
        "no",
        "Her er en kort oppsummering av rapporten: Salget økte i andre kvartal, men kostnadene steg raskere enn styret hadde ventet.",
    ),
    (
        "no",
        "Du kan tilbakestille passordet ditt på siden med innstillinger. Hvis lenken er utløpt, må du be administratoren om å sende en ny.",
    ),
    (
        "pl",
        "Oto krótkie podsumowanie raportu: sprzedaż wzrosła w drugim kwartale, ale koszty rosły szybciej, niż spodziewał się zarząd.",
    ),
    (
        "pl",
        "Możesz zresetować swoje hasło na stronie ustawień. Jeśli link wygasł, poproś administratora, aby przesłał nowy, i spróbuj jeszcze raz.",
    ),
    (
        "cs",
        "Zde je stručné shrnutí zprávy: tržby ve druhém čtvrtletí vzrostly, ale náklady rostly rychleji, než představenstvo očekávalo.",
    ),
    (
        "cs",
        "Heslo si můžete obnovit na stránce s nastavením. Pokud platnost odkazu vypršela, požádejte správce, aby vám poslal nový.",
    ),
    (
        "tr",
        "İşte raporun kısa bir özeti: satışlar ikinci çeyrekte arttı, ancak maliyetler yönetim kurulunun beklediğinden daha hızlı yükseldi.",
    ),
    (
        "tr",
        "Şifrenizi ayarlar sayfasından sıfırlayabilirsiniz. Bağlantının süresi dolmuşsa yöneticinizden yeni bir bağlantı göndermesini isteyin.",
    ),
    (
        "fi",
        "Tässä on lyhyt yhteenveto raportista: myynti kasvoi toisella neljänneksellä, mutta kustannukset nousivat nopeammin kuin hallitus oli odottanut.",
    ),
    (
        "fi",
        "Voit vaihtaa salasanasi asetussivulla. Jos linkki on vanhentunut, pyydä ylläpitäjää lähettämään uusi, niin pääset taas kirjautumaan sisään.",
    ),
    (
        "hu",
        "Íme a jelentés rövid összefoglalója: az eladások nőttek a második negyedévben, de a költségek gyorsabban emelkedtek, mint azt az igazgatóság várta.",
    ),
    (
        "hu",
        "A jelszavát a beállítások oldalon állíthatja vissza. Ha a hivatkozás már lejárt, kérjen egy újat a rendszergazdától, és próbálja meg ismét.",
    ),
    (
        "ro",
        "Iată un scurt rezumat al raportului: vânzările au crescut în al doilea trimestru, dar costurile au crescut mai repede decât se aștepta consiliul.",
    ),
    (
        "ro",
        "Puteți reseta parola din pagina de setări. Dacă linkul a expirat, cereți administratorului să vă trimită unul nou, apoi încercați din nou.",
    ),
    (
        "id",
        "Berikut adalah ringkasan singkat dari laporan tersebut: penjualan tumbuh pada kuartal kedua, tetapi biaya naik lebih cepat dari yang diharapkan.",
    ),
    (
        "id",
        "Anda dapat mengatur ulang kata sandi dari halaman pengaturan. Jika tautan sudah kedaluwarsa, mintalah administrator untuk mengirim yang baru.",
    ),
    (
        "vi",
        "Đây là bản tóm tắt ngắn của báo cáo: doanh số tăng trong quý hai, nhưng chi phí tăng nhanh hơn so với dự kiến của hội đồng.",
    ),
    (
        "vi",
        "Bạn có thể đặt lại mật khẩu từ trang cài đặt. Nếu liên kết đã hết hạn, hãy yêu cầu quản trị viên gửi cho bạn một liên kết mới.",
    ),
    (
        "ru",
        "Вот краткое изложение отчёта: продажи выросли во втором квартале, но расходы увеличивались быстрее, чем ожидал совет директоров.",
    ),
    (
        "ru",
        "Вы можете сбросить пароль на странице настроек. Если срок действия ссылки истёк, попросите администратора отправить новую.",
    ),
    (
        "uk",
        "Ось короткий підсумок звіту: продажі зросли у другому кварталі, але витрати збільшувалися швидше, ніж очікувала рада директорів.",
    ),
    (
        "uk",
        "Ви можете скинути пароль на сторінці налаштувань. Якщо термін дії посилання минув, попросіть адміністратора надіслати нове.",
    ),
    (
        "bg",
        "Ето кратко резюме на доклада: продажбите нараснаха през второто тримесечие, но разходите се увеличиха по-бързо, отколкото очакваше съветът.",
    ),
    (
        "bg",
        "Можете да нулирате паролата си от страницата с настройки. Ако връзката е изтекла, помолете администратора да ви изпрати нова.",
    ),
    (
        "ar",
        "إليك ملخص قصير للتقرير: نمت المبيعات في الربع الثاني، لكن التكاليف ارتفعت أسرع مما توقعه مجلس الإدارة، ولذلك انخفضت الأرباح.",
    ),
    (
        "ar",
        "يمكنك إعادة تعيين كلمة المرور من صفحة الإعدادات. إذا انتهت صلاحية الرابط فاطلب من المسؤول أن يرسل إليك رابطا جديدا.",
    ),
    (
        "fa",
        "در اینجا خلاصه کوتاهی از گزارش آمده است: فروش در سه ماهه دوم رشد کرد، اما هزینه‌ها سریع‌تر از آنچه هیئت مدیره انتظار داشت افزایش یافت.",
    ),
    (
        "fa",
        "می‌توانید رمز عبور خود را از صفحه تنظیمات بازنشانی کنید. اگر پیوند منقضی شده است، از مدیر خود بخواهید یک پیوند جدید بفرستد.",
    ),
    (
        "el",
        "Ακολουθεί μια σύντομη περίληψη της έκθεσης: οι πωλήσεις αυξήθηκαν το δεύτερο τρίμηνο, αλλά το κόστος ανέβηκε ταχύτερα.",
    ),
    ("he", "הנה סיכום קצר של הדוח: המכירות גדלו ברבעון השני, אך העלויות עלו מהר יותר ממה שהדירקטוריון ציפה."),
    (
        "hi",
        "यहाँ रिपोर्ट का संक्षिप्त सारांश है: दूसरी तिमाही में बिक्री बढ़ी, लेकिन लागत बोर्ड की अपेक्षा से अधिक तेज़ी से बढ़ी।",
    ),
    ("bn", "এখানে প্রতিবেদনের একটি সংক্ষিপ্ত সারাংশ রয়েছে: দ্বিতীয় প্রান্তিকে বিক্রি বেড়েছে, কিন্তু খরচ আরও দ্রুত বেড়েছে।"),
    ("th", "นี่คือบทสรุปสั้น ๆ ของรายงาน: ยอดขายเติบโตในไตรมาสที่สอง แต่ต้นทุนเพิ่มขึ้นเร็วกว่าที่คณะกรรมการคาดไว้"),
    (
        "ko",
        "다음은 보고서의 간단한 요약입니다. 2분기에 매출이 늘었지만 비용은 이사회가 예상한 것보다 더 빠르게 증가했습니다.",
    ),
    (
        "ja",
        "以下は報告書の簡単な要約です。第二四半期に売上は伸びましたが、費用は取締役会の予想よりも速く増加しました。",
    ),
    (
        "zh",
        "以下是报告的简短摘要：第二季度销售额有所增长，但成本的增长速度超出了董事会的预期，因此利润有所下降。管理层将在下个月提出节约成本的具体建议。",
    ),
];

/// What isn't prose in any one language.
const OTHERS: &[&str] = &[
    "",
    "42",
    "OK",
    "Yes, of course.",
    "Ja, natürlich.",
    "東京",
    "https://example.com/a/path/to/the/page?and=more&of=it&in=the&query=as&well=for&the=test",
    "for (let i = 0; i < items.length; i++) { if (items[i].is_done) { return items[i]; } else { continue; } } // not the end",
    "def main(args):\n    for item in args:\n        if item is not None and item.name in known:\n            result[item.name] = item[0];\n            yield {'a': 1, 'b': [2], 'c': item}\n",
    "SELECT id, name, price FROM orders JOIN items ON items.order_id = orders.id WHERE price > 10 AND name LIKE 'a%'",
    "<div class=\"row\"><span>a</span><span>of</span><span>the</span><b>and</b><i>in</i><p>to</p><em>is</em></div>",
    "| id | name | price |\n|---|---|---|\n| 1 | Espresso | 2.50 |\n| 2 | Latte macchiato | 3.50 |\n| 3 | Cappuccino | 3.20 |",
    "Anna Schmidt, Pedro Sánchez, Jean Dupont, Giulia Rossi, Jan Kowalski, Lars Svensson, Mehmet Yılmaz, John Smith",
    r#"{"id": "the", "status": "of", "kind": "and", "to": "in", "is": "a", "that": "for", "it": "with", "as": "was"}"#,
    "Lorem ipsum dolor sit amet consectetur adipiscing elit sed eiusmod tempor incididunt labore dolore magna aliqua",
];

fn code(mask: u32) -> &'static str {
    CODES[mask.trailing_zeros() as usize]
}

#[test]
fn the_language_of_an_answer_is_told() {
    let languages = Languages::new();
    for (known, text) in TEXTS {
        assert_eq!(languages.of(text).map(code), Some(*known), "{text}");
    }
    assert!(CODES.iter().all(|code| TEXTS.iter().any(|(known, _)| known == code)));
}

#[test]
fn an_answer_in_an_expected_language_is_never_another() {
    let languages = Languages::new();
    for (known, text) in TEXTS {
        for other in CODES {
            assert!(!languages.is_other(text, Languages::mask([*known, other])), "{known} {other}");
        }
        // Two thirds in another language are another language; a quotation isn't.
        for (_, quoted) in TEXTS.iter().filter(|(other, _)| other != known) {
            let half: String = quoted.chars().take(quoted.chars().count() / 3).collect();
            assert!(
                !languages.is_other(&format!("{text} „{half}“ {text}"), Languages::mask([*known])),
                "{known}: {half}"
            );
        }
    }
}

#[test]
fn an_answer_in_another_language_is_found_but_for_near_relatives() {
    let languages = Languages::new();
    let (mut pairs, mut missed) = (0, Vec::new());
    for (known, text) in TEXTS {
        for expected in CODES.iter().filter(|code| *code != known) {
            pairs += 1;
            if !languages.is_other(text, Languages::mask([*expected])) {
                missed.push((*known, *expected));
            }
        }
    }
    let relatives = [["sv", "da", "no"], ["ru", "uk", "bg"]];
    assert!(missed.len() * 100 < pairs, "{} of {pairs}: {missed:?}", missed.len());
    missed.retain(|(a, b)| !relatives.iter().any(|near| near.contains(a) && near.contains(b)));
    assert_eq!(missed, []);
}

#[test]
fn what_is_short_or_code_is_in_no_language() {
    let languages = Languages::new();
    for text in OTHERS {
        assert_eq!(languages.of(text).map(code), None, "{text}");
        assert!(CODES.iter().all(|code| !languages.is_other(text, Languages::mask([*code]))), "{text}");
    }
}

#[test]
fn code_and_names_of_members_do_not_count() {
    let languages = Languages::new();
    let (german, english) = (TEXTS[2].1, TEXTS[0].1);
    let code = format!("{german}\n```\n# {english}\n{english}\n```\nUnd `{english}` auch.");
    assert!(!languages.is_other(&code, Languages::mask(["de"])));
    let json = format!(
        r#"{{"the_summary_of_the_report": "{german}", "is it in the list of all": ["{german}"], "id": "the"}}"#
    );
    assert!(!languages.is_other(&json, Languages::mask(["de"])));
    assert!(languages.is_other(&json, Languages::mask(["en", "fr"])));
}

#[test]
fn a_word_stands_once_in_a_list_and_all_fit_the_table() {
    for list in WORDS {
        let mut words: Vec<_> = list.split_ascii_whitespace().collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), list.split_ascii_whitespace().count(), "{list}");
    }
    let languages = Languages::new();
    assert!(languages.words.iter().filter(|(hash, _)| *hash != 0).count() * 2 < SLOTS);
}

#[test]
fn a_few_chinese_letters_are_japanese_or_chinese_and_nothing_else() {
    let languages = Languages::new();
    let headline = "第二四半期売上高前年同期比三割増加、営業利益過去最高更新";
    for code in ["ja", "zh"] {
        assert!(!languages.is_other(headline, Languages::mask([code])), "{code}");
    }
    assert!(languages.is_other(headline, Languages::mask(["en"])));
}
