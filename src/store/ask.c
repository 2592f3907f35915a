/* What the keeper is asked for: to look whether something is due, and to build indexes. Any thread. */
#include "store/store_int.h"

void cd_keep_ask(struct cd_store *s)
{
	if (!s->threads)
		return;
	pthread_mutex_lock(&s->ask_lock);
	s->asked = true;
	pthread_cond_signal(&s->ask_cond);
	pthread_mutex_unlock(&s->ask_lock);
}

void cd_index_ask(struct cd_store *s, const struct cd_tenant *t, cd_term term, enum cd_vi_class class)
{
	const struct cd_index_wish wish = {t->number, term, class};
	if (s->read_only || cd_tenant_index(t, term, class))
		return;
	pthread_mutex_lock(&s->ask_lock);
	bool known = s->wishes_n == CD_WISHES;
	for (unsigned i = 0; i < s->wishes_n; i++)
		known = known || memcmp(&s->wishes[i], &wish, sizeof wish) == 0;
	if (!known)
		s->wishes[s->wishes_n++] = wish;
	pthread_mutex_unlock(&s->ask_lock);
	if (!known)
		cd_keep_ask(s);
}

bool cd_wish_take(struct cd_store *s, struct cd_index_wish *ret)
{
	pthread_mutex_lock(&s->ask_lock);
	bool any = s->wishes_n > 0;
	if (any)
		*ret = s->wishes[0];
	pthread_mutex_unlock(&s->ask_lock);
	return any;
}

void cd_wish_forget(struct cd_store *s)
{
	pthread_mutex_lock(&s->ask_lock);
	memmove(s->wishes, s->wishes + 1, --s->wishes_n * sizeof *s->wishes);
	pthread_mutex_unlock(&s->ask_lock);
}
