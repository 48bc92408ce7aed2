package exportgen

import "strings"

// nameOf draws from the plain list, one time in ten from the foreign one.
func nameOf(r *rng, plain []string, foreign []word) word {
	if r.oneIn(10) {
		return foreign[r.below(len(foreign))]
	}
	return plainWord(r, plain)
}

func plainWord(r *rng, plain []string) word {
	text := r.pick(plain)
	return word{text, text}
}

// person is what a contact, a lead and a user have in common.
type person struct{ first, last word }

func newPerson(r *rng) person {
	return person{nameOf(r, firstNames, foreignFirstNames), nameOf(r, lastNames, foreignLastNames)}
}

// company is an account's name and domain, needed by its contacts too.
type company struct{ front, back word }

func (g *generator) companyOf(account int) company {
	return newCompany(g.draw(kindAccount, drawCompany, account))
}

func newCompany(r *rng) company {
	return company{nameOf(r, companyFronts, foreignFronts), plainWord(r, companyBacks)}
}

func (g *generator) countryOf(account int) country {
	return countries[g.draw(kindAccount, drawCountry, account).below(len(countries))]
}

// phone writes a number of the pattern, or an empty cell for an empty pattern.
func (r *row) phone(draw *rng, pattern string) {
	r.open()
	for _, c := range []byte(pattern) {
		if c == '#' {
			c = byte('0' + draw.below(10))
		}
		r.buf = append(r.buf, c)
	}
	r.shut()
}

// email writes first.last@front-back.example; a company's number keeps namesakes apart.
func (r *row) email(p person, c company, account int) {
	r.open()
	r.small(p.first.ascii)
	r.part(".")
	r.small(p.last.ascii)
	r.part("@")
	r.domain(c, account)
	r.shut()
}

func (r *row) domain(c company, account int) {
	r.small(c.front.ascii)
	r.part("-")
	r.small(c.back.ascii)
	r.part("-")
	r.base36(account)
	r.part(".example")
}

// small appends ASCII text without capitals to the open cell.
func (r *row) small(text string) {
	for _, c := range []byte(text) {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		r.buf = append(r.buf, c)
	}
}

func (r *row) base36(n int) {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyz"
	from := len(r.buf)
	for ; n >= 36; n /= 36 {
		r.buf = append(r.buf, digits[n%36])
	}
	r.buf = append(r.buf, digits[n])
	for i, j := from, len(r.buf)-1; i < j; i, j = i+1, j-1 {
		r.buf[i], r.buf[j] = r.buf[j], r.buf[i]
	}
}

// prose writes up to the given number of sentences, now and then on lines of their own.
func (r *row) prose(draw *rng, most int) {
	r.open()
	separator := " "
	if draw.oneIn(50) {
		separator = "\n"
	}
	for i := range draw.below(most + 1) {
		if i > 0 {
			r.part(separator)
		}
		if draw.oneIn(10) {
			r.part(draw.pick(foreignSentences))
			continue
		}
		r.part(draw.pick(sentences))
	}
	r.shut()
}

// columns splits a header that is written as one text.
func columns(header string) []string { return strings.Fields(header) }
