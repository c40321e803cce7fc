/** Colours that colour-blind readers tell apart. Source: Okabe and Ito, Color Universal Design (2008); their black is left out. */
const okabeIto = ['#0072B2', '#E69F00', '#009E73', '#CC79A7', '#56B4E9', '#D55E00', '#F0E442']
/** What has no colour of its own. */
export const otherColour = '#8C8C8C'
export const mostColours = okabeIto.length

/** The colour of the n-th most expensive stage. */
export const colourOf = (rank: number): string => okabeIto[rank] ?? otherColour
/** The colour of the n-th stage of a job, where it must not change while it runs. */
export const stageColour = (place: number): string => okabeIto[place % okabeIto.length]
