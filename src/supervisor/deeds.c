/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/deeds.h"
#include "base/log.h"

/* Its end is ours, a moment before the kernel sees to that (maker.h, 1): whoever is connected hears nothing, as of a supervisor that was killed. */
void deeds_end_if_alone(int r)
{
	if (r == -EPIPE)
		_exit(EXIT_FAILURE);
}

static int say_failed(int code, struct error *err)
{
	deeds_end_if_alone(-code);
	return error_errno(err, code, "cannot reach the part of the supervisor that starts processes");
}

void deeds_do(struct keeper *keeper, const struct deed *deed, const struct deed_luggage *luggage)
{
	int r = deed_send(keeper->deeds, deed, luggage);

	deeds_end_if_alone(r);
	if (r < 0)
		log_warning("cannot have a deed done (%u): %s, ignoring", deed->type, error_words(-r));
	else
		keeper->has_unsettled = true;
}

void deeds_do_text(struct keeper *keeper, enum deed_type type, const void *text, size_t length)
{
	deeds_do(keeper, &(const struct deed){ .type = type }, &(const struct deed_luggage){ .text = text, .length = length });
}

void deeds_settle(struct keeper *keeper)
{
	struct error err = ERROR_INIT;

	if (keeper->has_unsettled && deeds_ask(keeper, &(const struct deed){ .type = DEED_NOTHING }, NULL, &err) < 0)
		log_warning("%s, ignoring", err.message);
	keeper->has_unsettled = false;
}

int deeds_begin(struct keeper *keeper, const struct deed *deed, struct error *err)
{
	int r = deed_send(keeper->deeds, deed, NULL);

	return r < 0 ? say_failed(-r, err) : 0;
}

int deeds_wait(struct keeper *keeper, struct deed_answer *ret, struct error *err)
{
	struct deed_answer answer;
	int r = deed_answer_receive(keeper->deeds, &answer);

	if (r < 0)
		return say_failed(-r, err);
	keeper->has_unsettled = false;
	if (answer.result < 0 && err)
		*err = answer.error;
	if (ret)
		*ret = answer;
	else
		while (answer.count > 0)
			close(answer.fds[--answer.count]);
	return answer.result < 0 ? answer.result : 0;
}

int deeds_ask(struct keeper *keeper, const struct deed *deed, struct deed_answer *ret, struct error *err)
{
	int r = deeds_begin(keeper, deed, err);

	return r < 0 ? r : deeds_wait(keeper, ret, err);
}
