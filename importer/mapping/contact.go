package mapping

import (
	"net/mail"
	"net/url"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
	"golang.org/x/text/currency"
	"golang.org/x/text/language"
)

// emailAddress gives the bare address, its domain in lower case and in Unicode. What is no address stays.
func emailAddress(s string) string {
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
	}
	if strings.ContainsAny(s, "<>") {
		if a, err := mail.ParseAddress(s); err == nil {
			s = a.Address
		}
	}
	i := strings.LastIndexByte(s, '@')
	if i < 0 {
		return s
	}
	if domain := lowerDomain(s[i+1:]); domain != s[i+1:] {
		return s[:i+1] + domain
	}
	return s
}

func lowerDomain(domain string) string {
	domain = strings.ToLower(domain)
	if strings.Contains(domain, "xn--") {
		if unicode, err := idna.ToUnicode(domain); err == nil {
			return unicode
		}
	}
	return domain
}

// domainName gives the domain of a URL, an e-mail address or a domain, without www; blank if there is
// none.
func domainName(s string) string {
	if i := strings.LastIndexByte(s, '@'); i >= 0 && !strings.Contains(s, "/") {
		return lowerDomain(s[i+1:])
	}
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil || !strings.Contains(u.Hostname(), ".") {
		return ""
	}
	return strings.TrimPrefix(lowerDomain(strings.TrimSuffix(u.Hostname(), ".")), "www.")
}

// phoneNumber gives a number in E.164, with ;ext= if it has an extension. A national one needs the
// country; what is no valid number stays as it is.
func phoneNumber(s, country string) string {
	n, err := phonenumbers.Parse(s, country)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return s
	}
	out := phonenumbers.Format(n, phonenumbers.E164)
	if ext := n.GetExtension(); ext != "" {
		out += ";ext=" + ext
	}
	return out
}

// isCountry reports whether there is a country of this code.
func isCountry(code string) bool {
	r, err := language.ParseRegion(code)
	return err == nil && r.IsCountry() && len(code) == 2
}

// currencySigns are those that mean one currency wherever they stand; $ and ¥ do not.
var currencySigns = map[string]string{
	"€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₪": "ILS", "₫": "VND", "₴": "UAH", "₱": "PHP",
	"zł": "PLN", "Kč": "CZK", "US$": "USD", "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD", "R$": "BRL",
}

// currencyCode gives the code of a currency, also by a sign that means one alone; 000 is none.
func currencyCode(s string) string {
	if code, ok := currencySigns[s]; ok {
		return code
	}
	if s = strings.ToUpper(s); s == "000" {
		return ""
	}
	return s
}

// currencyOfMoney gives the code of the currency whose sign or code stands beside an amount; blank if
// none does. $ alone could be any dollar.
func currencyOfMoney(s string) string {
	sign := strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return strings.ContainsRune("0123456789.,'()+- \u00a0\u202f\u2019", r)
	}), "")
	if code, ok := currencySigns[sign]; ok {
		return code
	}
	if len(sign) == 3 && isAlphanumeric(sign) {
		return strings.ToUpper(sign)
	}
	return ""
}

// isCurrency reports whether there is a currency of this code.
func isCurrency(code string) bool {
	_, err := currency.ParseISO(code)
	return err == nil
}
