/** A page of ours that could not be shown says why, in words. */
import type { HandleClientError } from '@sveltejs/kit';
import { toErrorData } from '$lib/errors';

export const handleError: HandleClientError = ({ error, status }) => {
  if (status === 404) return { message: 'There is no page at this address.' };
  const { message, nextStep } = toErrorData(error);
  return { message, nextStep };
};
